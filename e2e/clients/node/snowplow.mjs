// Snowplow's tracker for Node.js.
import { buildPageView, buildStructEvent, newTracker } from "@snowplow/node-tracker";
import { bad, believesOfSite, endpoint, isView, places, tenant, wait } from "./client.mjs";

const taken = [];
const onRequestSuccess = (events) => taken.push(...events.map((event) => Number(event.uid)));
const tracker = newTracker(
  { namespace: "clients", appId: tenant, encodeBase64: false },
  { endpoint, bufferSize: 20, onRequestSuccess },
);
for (const place of places) {
  // The callback gets what was sent, and this tells one event from another.
  tracker.setUserId(String(place));
  const timestamp = place === bad ? Date.parse("1990-01-01") : Date.now();
  const event = isView(place)
    ? buildPageView({ pageUrl: `https://shop.example/page/${place}`, pageTitle: "A page" })
    : buildStructEvent({ category: "shop", action: "signup", value: place });
  tracker.track(event, [], { type: "ttm", value: timestamp });
}
// A flush ends after one attempt; what failed is sent again later.
for (let tries = 0; tries < 60 && taken.length < places.length; tries += 1) {
  await tracker.flush();
  await wait(250);
}
believesOfSite(taken.filter((place) => place !== bad), places.length - taken.length);
