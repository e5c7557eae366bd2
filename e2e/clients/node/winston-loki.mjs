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

// A flush ends with the answer, whatever it is. After a failure the transport sends again what it kept, a
// minute later; what holds a bad record is refused again.
await Promise.race([loki.flush(), wait(15_000)]);
const kept = () => loki.batcher.batch.streams.length;
const sentAgain = async () => {
  while (kept() > 0 || loki.batcher.batchesSending > 0) await wait(200);
};
if (bad < 0) await Promise.race([sentAgain(), wait(80_000)]);
await loki.close();
const taken = kept() > 0 ? 0 : places.length - (bad < 0 ? 0 : 1);
believes({ texts: taken, failed: places.length - taken });
