// The clocks of a site, and who is there now.

import { read } from "./api.js";
import { dayOf } from "./time.js";

/** The zone of a site, the day that it is there, written as midnight in UTC, and its visitors now. */
export async function readSite(tenant, signal) {
  if (!tenant) return { zone: "UTC", today: dayOf(Date.now()), live: 0 };
  const site = { site_id: tenant };
  const [day, live] = await Promise.all([read("/stats/today", site, signal), read("/stats/live", site, signal)]);
  return { zone: shown(day.time_zone), today: Date.parse(day.today), live: live.visitors };
}

/** The zone, where the browser knows it, to show hours in; an old browser may not. */
function shown(zone) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }) && zone;
  } catch {
    return "UTC";
  }
}

/** What the page says of its days and times. */
export const zoneText = (zone) =>
  zone === "UTC"
    ? "Days and times are in UTC."
    : `Days and hours of views are in the time zone ${zone}; times of requests and records are in UTC.`;
