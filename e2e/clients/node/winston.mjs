// winston's own transport, which sends an array of entries.
import winston from "winston";
import { bad, believes, host, places, port, tenant, text, tooLong } from "./client.mjs";

const BATCH = 10;
const path = `/records?tenant_id=${tenant}`;
// Its timer is not to cut a batch short: a batch counts as ten below.
const options = { batch: true, batchCount: BATCH, batchInterval: 60_000 };
const http = new winston.transports.Http({ host, port, path, ...options });
let warned = 0;
let logged = 0;
http.on("warn", () => (warned += 1));
http.on("logged", () => (logged += 1));
const logger = winston.createLogger({ transports: [http] });
for (const place of places) logger.info(place === bad ? tooLong() : text(place));
// One event ends a batch, in either way.
const refused = bad < 0 ? 0 : 1;
process.on("beforeExit", () => believes({ texts: logged * BATCH - refused, failed: warned * BATCH + refused }));
