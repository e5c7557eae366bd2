// winston's transport for Loki, with the encoding that the argument names: `json` or `proto`.
import winston from "winston";
import LokiTransport from "winston-loki";
import { bad, believes, endpoint, places, tenant, text, tooLong, wait } from "./client.mjs";

const loki = new LokiTransport({
  host: endpoint,
  labels: { app: "shop" },
  headers: { "X-Scope-OrgID": tenant },
  json: process.argv[2] === "json",
  interval: 60,
  gracefulShutdown: false,
});
const logger = winston.createLogger({ transports: [loki] });
for (const place of places) logger.info(place === bad ? tooLong() : text(place));

// It keeps what was not taken for its next flush, which says nothing of how it ended.
const kept = () => loki.batcher.batch.streams.length;
for (let tries = 0; tries < 60 && (tries === 0 || kept() > 0); tries += 1) {
  await wait(tries === 0 ? 0 : 500);
  await loki.flush();
}
const taken = kept() > 0 ? 0 : places.length - (bad < 0 ? 0 : 1);
believes({ texts: taken, failed: places.length - taken });
