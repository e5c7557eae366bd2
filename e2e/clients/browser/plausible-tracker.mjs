// Plausible's first tracker in npm.
import Plausible from "plausible-tracker";
import { bad, believesOfSite, endpoint, isView, places, tenant, wait } from "./page.mjs";

const plausible = Plausible({ domain: tenant, apiHost: endpoint });
let ended = 0;
for (const place of places) {
  const callback = () => (ended += 1);
  const url = `https://shop.example/page/${place}`;
  const name = place === bad ? "" : isView(place) ? "pageview" : "signup";
  plausible.trackEvent(name, { callback, props: { place } }, { url });
}
// It calls back when an answer is there, whatever that is.
while (ended < places.length) await wait(20);
believesOfSite(places.filter((place) => place !== bad));
