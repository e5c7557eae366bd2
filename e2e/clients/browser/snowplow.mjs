// Snowplow's client for browsers.
import {
  flushBuffer,
  newTracker,
  setCustomUrl,
  setUserId,
  trackPageView,
  trackStructEvent,
} from "@snowplow/browser-tracker";
import { bad, believesOfSite, endpoint, isView, places, tenant, wait } from "./page.mjs";

const taken = [];
newTracker("clients", endpoint, {
  appId: tenant,
  bufferSize: 10,
  eventMethod: "post",
  stateStorageStrategy: "none",
  onRequestSuccess: (events) => taken.push(...events.map((event) => Number(event.uid))),
});
for (const place of places) {
  // The callback gets what was sent, and this tells one event from another.
  setUserId(String(place));
  setCustomUrl(`https://shop.example/page/${place}`);
  const timestamp = place === bad ? { type: "ttm", value: 631_152_000_000 } : undefined;
  if (isView(place)) trackPageView({ title: "A page", timestamp });
  else trackStructEvent({ category: "shop", action: "signup", value: place, timestamp });
}
// What failed is sent again with the next event, or when the page asks for it.
for (let tries = 0; tries < 60 && taken.length < places.length; tries += 1) {
  await wait(1_000);
  flushBuffer();
}
believesOfSite(taken.filter((place) => place !== bad), places.length - taken.length);
