// Segment's client for browsers. Its settings come with it; else it would ask Segment for them.
import { AnalyticsBrowser } from "@segment/analytics-next";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./page.mjs";

const { host, protocol } = new URL(endpoint);
const analytics = AnalyticsBrowser.load(
  { writeKey: tenant, cdnSettings: { integrations: { "Segment.io": { apiKey: tenant } } } },
  {
    integrations: { "Segment.io": { apiHost: `${host}/v1`, protocol: protocol.slice(0, -1) } },
    initialPageview: false,
  },
);
const taken = [];
const done = async (place, context) => {
  if ((await context).failedDelivery() === undefined) taken.push(place);
};
await Promise.all(
  places.map((place) => {
    const options = { timestamp: place === bad ? new Date("1990-01-01") : new Date() };
    const properties = { url: `https://shop.example/page/${place}`, path: `/page/${place}` };
    return isView(place)
      ? done(place, analytics.page(undefined, "A page", properties, options))
      : done(place, analytics.track("Signed Up", { place }, options));
  }),
);
believesOfSite(taken, places.length - taken.length);
