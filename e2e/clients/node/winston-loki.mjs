// winston's transport for Loki, with the encoding that the argument names: `json` or `proto`.
import winston from "winston";
import LokiTransport from "winston-loki";
import { bad, believes, endpoint, places, tenant, text, tooLong, wait } from "./client.mjs";

const loki = new LokiTransport({
  host: endpoint,
  labels: { app: "shop" },
  headers: { "X-Scope-OrgID": tenant },
  json: process.argv[2] === "json",
  interval: 0.5,
  gracefulShutdown: false,
});
const logger = winston.createLogger({ transports: [loki] });
for (const place of places) logger.info(place === bad ? tooLong() : text(place));

// A flush ends when everything was taken. After a failure the transport waits for a minute, unless the
// program ends: then it tries once more, and what it keeps is lost.
await Promise.race([loki.flush(), wait(15_000)]);
await loki.close();
const kept = () => loki.batcher.batch.streams.length;
const taken = kept() > 0 ? 0 : places.length - (bad < 0 ? 0 : 1);
believes({ texts: taken, failed: places.length - taken });
