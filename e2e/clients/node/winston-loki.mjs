// winston's transport for Loki, with the encoding that the argument names: `json` or `proto`.
import winston from "winston";
import LokiTransport from "winston-loki";
import { bad, believes, endpoint, places, tenant, text, tooLong } from "./client.mjs";

let failed = 0;
const loki = new LokiTransport({
  host: endpoint,
  labels: { app: "shop" },
  headers: { "X-Scope-OrgID": tenant },
  json: process.argv[2] === "json",
  interval: 0.5,
  gracefulShutdown: false,
  onConnectionError: () => (failed += 1),
});
const logger = winston.createLogger({ transports: [loki] });
for (const place of places) logger.info(place === bad ? tooLong() : text(place));
await loki.flush();
const refused = bad < 0 ? 0 : 1;
believes({ texts: places.length - refused, failed: failed + refused });
