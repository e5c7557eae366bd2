// Segment's client for Node.js.
import { Analytics } from "@segment/analytics-node";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./client.mjs";

const analytics = new Analytics({ writeKey: tenant, host: endpoint, flushAt: 20 });
analytics.on("error", () => {});
const taken = [];
const ended = places.map(
  (place) =>
    new Promise((done) => {
      const end = (error) => {
        if (!error) taken.push(place);
        done();
      };
      const common = { userId: `user-${place % 10}`, timestamp: new Date() };
      if (place === bad) common.timestamp = new Date("1990-01-01");
      if (isView(place)) {
        const properties = { path: `/page/${place}`, url: `https://shop.example/page/${place}` };
        analytics.page({ ...common, name: "A page", properties }, end);
      } else {
        analytics.track({ ...common, event: "Signed Up", properties: { place } }, end);
      }
    }),
);
await analytics.closeAndFlush({ timeout: 60_000 });
await Promise.all(ended);
// The answer is for a batch as a whole, so the client knows nothing of the bad one.
believesOfSite(taken.filter((place) => place !== bad), places.length - taken.length);
