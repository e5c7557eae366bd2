// Matomo's client for Node.js: a request for each hit of the first half, and one for all of the second.
import MatomoTracker from "matomo-tracker";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./client.mjs";

const matomo = new MatomoTracker(tenant, `${endpoint}/matomo.php`);
let failed = 0;
matomo.on("error", () => (failed += 1));

function hit(place) {
  const url = `https://shop.example/page/${place}`;
  const common = { url, uid: `user-${place % 10}`, rand: place };
  if (place === bad) common.cdt = "yesterday";
  return isView(place)
    ? { ...common, action_name: "A page" }
    : { ...common, e_c: "shop", e_a: "signup", ca: 1 };
}

const half = places.length / 2;
places.slice(0, half).forEach((place) => matomo.track(hit(place)));
matomo.trackBulk(places.slice(half).map(hit), (answer) => {
  // Matomo says how many of a bulk request it took.
  failed += JSON.parse(answer || "{}").invalid ?? 0;
});
// It calls nobody back after a single hit: what was sent is answered when there is nothing left to do.
process.on("beforeExit", () => believesOfSite(places.filter((place) => place !== bad), failed));
