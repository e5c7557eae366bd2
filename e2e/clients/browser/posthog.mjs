// PostHog's client for browsers, as its snippet starts it but for what is not events.
import { taken } from "./posthog-answers.mjs";
import posthog from "posthog-js/dist/module.no-external.js";
import { bad, believesOfSite, endpoint, isView, places, tenant, wait } from "./page.mjs";

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
for (let tries = 0; tries < 300 && taken.length < places.length; tries += 1) await wait(200);
const known = taken.map((event) => event.properties.place);
believesOfSite(known.filter((place) => place !== bad), places.length - taken.length);
