// Plausible's own tracker in npm.
import { init, track } from "@plausible-analytics/tracker";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./page.mjs";

init({ domain: tenant, endpoint: `${endpoint}/api/event`, autoCapturePageviews: false });
const taken = [];
await Promise.all(
  places.map(
    (place) =>
      new Promise((done) => {
        const callback = (answer) => {
          if (answer?.status >= 200 && answer.status < 300) taken.push(place);
          done();
        };
        const name = place === bad ? "" : isView(place) ? "pageview" : "signup";
        const url = `https://shop.example/page/${place}`;
        track(name, { url, props: { place: String(place) }, callback });
      }),
  ),
);
believesOfSite(taken, places.length - taken.length);
