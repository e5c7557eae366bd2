// Splunk's logger for JavaScript.
import splunk from "splunk-logging";
import { bad, believes, endpoint, places, tenant, text, tooLong } from "./client.mjs";

const BATCH = 20;
const logger = new splunk.Logger({ token: tenant, url: endpoint, maxBatchCount: 0, maxRetries: 5 });
logger.error = () => {};
let taken = 0;
for (let first = 0; first < places.length; first += BATCH) {
  const batch = places.slice(first, first + BATCH);
  for (const place of batch) logger.send({ message: place === bad ? tooLong() : text(place) });
  const code = await new Promise((done) => logger.flush((error, answer, body) => done(error ?? body?.code)));
  if (code === 0) taken += batch.length;
}
const refused = bad < 0 ? 0 : 1;
believes({ texts: taken - refused, failed: places.length - taken + refused });
