// Matomo's client for Node.js: a request for each view, and one for all other events.
import MatomoTracker from "matomo-tracker";
import { bad, believes, endpoint, isView, places, tenant } from "./client.mjs";

const url = (place) => `https://shop.example/page/${place}`;
const common = (place) => ({ url: url(place), uid: `user-${place % 10}`, rand: place });
const views = places.filter(isView);
const events = places.filter((place) => !isView(place));

// It emits the status of a request that failed, but not which one that was.
let lost = 0;
const single = new MatomoTracker(tenant, `${endpoint}/matomo.php`);
single.on("error", () => (lost += 1));
for (const place of views) {
  const hit = { ...common(place), action_name: "A page" };
  single.track(place === bad ? { ...hit, cdt: "yesterday" } : hit);
}

let isLost = false;
const bulk = new MatomoTracker(tenant, `${endpoint}/matomo.php`);
bulk.on("error", () => (isLost = true));
bulk.trackBulk(events.map((place) => ({ ...common(place), e_c: "shop", e_a: "signup", ca: 1 })));

// It calls nobody back after a single hit: all are answered when there is nothing left to do.
process.on("beforeExit", () => {
  const taken = { views: views.length - lost, events: isLost ? 0 : events.length };
  believes({ ...taken, failed: places.length - taken.views - taken.events });
});
