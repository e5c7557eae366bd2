// Which tenants there are, and what to show where there is nothing in the chosen period.

import { Refused, read } from "./api.js";
import { showExcluded } from "./excluded.js";
import { element } from "./table.js";
import { DAY, MOST_DAYS, dayOf, isoInstant } from "./time.js";

/** Tenants in the list. */
const MOST = 1000;
/** No event or request is older. */
const OLDEST = Date.UTC(2000, 0, 1);
/** The most days of requests in an answer. */
const DAYS_OF_REQUESTS = 1440;

const at = (id) => document.getElementById(id);

let isListed = true;

/** The tenants that have data, or nothing where the deployment does not list them. */
async function tenants(signal) {
  if (!isListed) return undefined;
  try {
    return (await read("/tenants", { limit: MOST }, signal)).tenants;
  } catch (error) {
    isListed = !(error instanceof Refused && [403, 404].includes(error.status));
    if (isListed) throw error;
    return undefined;
  }
}

/** Offers the tenants in the field, and where none is chosen in a list. Returns what to say. */
export async function showTenants(tenant, signal) {
  const names = await tenants(signal);
  const option = (name) => Object.assign(element("option"), { value: name });
  at("tenants").replaceChildren(...(names ?? []).map(option));
  at("choose-tenant").hidden = Boolean(tenant) || !names?.length;
  at("tenant-list").replaceChildren(...(names ?? []).map(item));
  if (!names) return "Enter a tenant's name to see its numbers.";
  return names.length ? "" : "There is no data yet. Enter a tenant's name to see how to send its first event.";
}

function item(name) {
  const link = element("a", "", name);
  link.href = `?${new URLSearchParams({ ...fromAddress(), tenant: name })}`;
  return element("li", "", link);
}

const fromAddress = () => Object.fromEntries(new URLSearchParams(location.search));

/** Whether the tenant has events or requests at any time. */
export async function isKnown(tenant, signal) {
  const events = await read("/analytics/event-counts", { tenant_id: tenant }, signal);
  if (events.total_events > 0) return true;
  return (await daysOfRequests(tenant, tomorrow(), signal)).length > 0;
}

/** The latest days with data, a month at most; nothing if there is no data. */
export async function latest(tenant, signal) {
  for (let to = tomorrow(); to > OLDEST; to -= MOST_DAYS * DAY) {
    const found = await Promise.all([
      daysOfEvents(tenant, to, signal),
      daysOfRequests(tenant, to, signal, MOST_DAYS),
    ]);
    const days = found.flat().sort((a, b) => a - b);
    const last = days.at(-1);
    if (last) return { from: days.find((day) => day > last - 31 * DAY), to: last + DAY };
  }
}

/** The day after the last one that it may be anywhere. */
const tomorrow = () => dayOf(Date.now()) + 2 * DAY;

const before = (to, days) => ({
  from: isoInstant(Math.max(OLDEST, to - days * DAY)),
  to: isoInstant(to),
  grain: "day",
});

async function daysOfEvents(tenant, to, signal) {
  const asked = { site_id: tenant, ...before(to, MOST_DAYS) };
  const { series } = await read("/stats/series", asked, signal);
  const filled = series.filter((day) => day.views + day.visitors > 0);
  return filled.map((day) => Date.parse(day.start));
}

async function daysOfRequests(tenant, to, signal, days = DAYS_OF_REQUESTS) {
  const asked = { tenant_id: tenant, ...before(to, days), limit: 1 };
  const { windows } = await read("/logs/stats", asked, signal);
  return windows.map((window) => Date.parse(window.start));
}

/** Shows how a tenant without data gets some, and what of it was sent and not counted. */
export async function showSnippet(tenant, signal) {
  const { excluded } = await read("/stats", { site_id: tenant, limit: 1 }, signal);
  const isExcluded = showExcluded("snippet-excluded", excluded);
  const { origin, hostname } = location;
  const line = `<script defer data-site="${tenant}" src="${origin}/s.js"></script>`;
  at("snippet-title").textContent = isExcluded ? `No event of ${tenant} has counted yet` : `${tenant} has no data yet`;
  const wait = `Waiting for the first event${isExcluded ? " that counts" : ""}…`;
  // Whoever hears the page is told once.
  if (at("snippet-wait").textContent !== wait) at("snippet-wait").textContent = wait;
  at("snippet-line").textContent = line;
  at("snippet-local").hidden = !/^(localhost|127\.|\[::1\])/.test(hostname);
  at("snippet-event").textContent =
    `curl ${origin}/event -H 'Content-Type: application/json' ` +
    `-d '{"site_id": "${tenant}", "event_type": "page_view", "path": "/"}'`;
}
