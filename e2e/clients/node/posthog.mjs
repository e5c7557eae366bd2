// PostHog's client for Node.js.
import { PostHog } from "posthog-node";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./client.mjs";

const posthog = new PostHog(tenant, { host: endpoint, flushAt: 20, disableGeoip: false });
// It says only that a flush failed; which events were in it, the library keeps to itself.
let failed = 0;
posthog.on("error", () => (failed += 1));
for (const place of places) {
  const properties = { $current_url: `https://shop.example/page/${place}`, place };
  const event = isView(place) ? "$pageview" : "signed up";
  const timestamp = place === bad ? new Date("1990-01-01") : new Date();
  posthog.capture({ distinctId: `user-${place % 10}`, event, properties, timestamp });
}
await posthog.shutdown(60_000);
// The answer is for a batch as a whole, so the client knows nothing of the bad one.
believesOfSite(places.filter((place) => place !== bad), failed);
