// PostHog's client for browsers, as its snippet starts it but for what is not events.
import posthog from "posthog-js/dist/module.no-external.js";
import { bad, believesOfSite, endpoint, isView, places, tenant, wait } from "./page.mjs";

let taken = [];
posthog.init(tenant, {
  api_host: endpoint,
  autocapture: false,
  capture_pageview: false,
  capture_pageleave: false,
  advanced_disable_flags: true,
  disable_session_recording: true,
  persistence: "memory",
  request_queue_config: { flush_interval_ms: 250 },
});
for (const place of places) {
  const timestamp = place === bad ? new Date("1990-01-01") : new Date();
  const properties = { $current_url: `https://shop.example/page/${place}`, place };
  posthog.capture(isView(place) ? "$pageview" : "signed up", properties, { timestamp });
}
// It tells nobody what became of an event. The page asks how many requests are still to be sent again.
do await wait(500);
while (posthog._retryQueue?.length > 0 || posthog._requestQueue?._queue?.length > 0);
believesOfSite(places.filter((place) => place !== bad));
