// The parts of the dashboard: each reads what it needs, shows it, and tells whether there was any.

import { read } from "./api.js";
import { before, changeText } from "./change.js";
import { draw } from "./chart.js";
import { showExcluded } from "./excluded.js";
import { added, append, column, fill, number, numbers, opening, picking, rank, ranked, times } from "./table.js";
import { DAY, LENGTHS, dayText, instantText, isoInstant, starts, windowText } from "./time.js";
import { showVisitors } from "./visitors.js";

/** Rows of a page of a listing. */
const PAGE = 10;
/** Names that are asked for. */
const ASKED = 100;
/** The most windows of requests in an answer. */
const MOST_WINDOWS = 1440;

const at = (id) => document.getElementById(id);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const range = ({ from, to }) => ({ from: isoInstant(from), to: isoInstant(to) });
const instants = ({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) });

/** Shows a part of the page, or hides it; a chart needs the width of a part that is shown. */
function reveal(id, isThere) {
  at(id).hidden = !isThere;
  return isThere;
}

/** Values of `points` by window; 0 where a window has no point. */
function byStart(points, windows, name) {
  const values = new Map(points.map((point) => [Date.parse(point.start), point[name]]));
  return windows.map((start) => values.get(start) ?? 0);
}

/** Views and visitors over time, and the most viewed paths. */
export async function showViews(view) {
  const { tenant, period, site, signal } = view;
  const ask = (of, grain) => read("/stats/series", { site_id: tenant, ...of, grain }, signal);
  const grain = period.days <= 2 ? "hour" : "day";
  const [now, past] = [{ from: period.first, to: period.last }, before(period)];
  const [days, daysBefore, points, pointsBefore, stats] = await Promise.all([
    ask(now, "day"),
    ask(past, "day"),
    ask(now, grain),
    ask(past, grain),
    readPaths(view),
  ]);
  const views = sum(days.series.map((day) => day.views));
  const visits = sum(days.series.map((day) => day.visitors));
  at("views").textContent = number(views);
  at("live").textContent = number(site.live);
  showVisitors(days.series, stats.unique_users, view);
  showExcluded("excluded", stats.excluded);
  showChanges(daysBefore.series, { views, visits }, period);
  reveal("paths", stats.top_paths.length > 0);
  showPaths(stats.top_paths, view);
  reveal("live-figure", views + visits + site.live > 0);
  reveal("views-figure", views + visits > 0);
  reveal("visitors-figure", views + visits > 0);
  if (reveal("series", views + visits > 0)) {
    showSeries(points, pointsBefore, view, grain);
  }
  return views + visits > 0;
}

/** How views and visitors changed. */
function showChanges(past, { views, visits }, period) {
  const all = (name) => sum(past.map((day) => day[name]));
  at("views-change").textContent = changeText(views, all("views"), period);
  at("visitors-change").textContent = changeText(visits, all("visitors"), period);
}

function showSeries(now, past, { period, site }, grain) {
  const isDay = grain === "day";
  // By the hour, a day of the site begins some hours from its midnight in UTC, and may have 23 or 25.
  const windows = isDay ? starts(period, grain, site.today + DAY) : starts(instants(now), grain);
  const points = now.series;
  const views = byStart(points, windows, "views");
  const viewsBefore = byStart(past.series, starts(instants(past), grain), "views");
  const lines = [
    {
      label: "Previous period",
      colour: "--soft",
      dashed: true,
      values: windows.map((_, at) => viewsBefore[at] ?? 0),
    },
    { label: "Views", colour: "--accent", filled: true, values: views },
  ];
  const columns = [
    times("Time", (row) => windowText(row.start, grain, site.zone)),
    numbers("Views", (row) => row.views),
  ];
  if (isDay) {
    const visitors = byStart(points, windows, "visitors");
    lines.push({ label: "Visitors", colour: "--second", values: visitors });
    columns.push(numbers("Visitors", (row) => row.visitors));
  }
  const title = isDay ? "Views and visitors a day" : "Views an hour";
  at("series-title").textContent = title;
  at("series-open").textContent = `${title}, as a table`;
  draw(at("series-chart"), windows, lines, grain, site.zone);
  at("series-summary").textContent = summary("view", windows, views, grain, site.zone);
  const rows = points.map((point) => ({ ...point, start: Date.parse(point.start) }));
  fill(at("series-table"), columns, rows.reverse());
}

function summary(what, windows, values, grain, zone) {
  const most = Math.max(...values);
  const when = windowText(windows[values.indexOf(most)], grain, zone);
  const [all, a] = [sum(values), grain === "hour" ? "an" : "a"];
  return `${number(all)} ${all === 1 ? what : `${what}s`} in all, at most ${number(most)} ${a} ${grain} (${when}).`;
}

function readPaths({ tenant, period, signal }) {
  const days = { start_date: period.first, end_date: period.last };
  return read("/stats", { site_id: tenant, ...days, limit: ASKED }, signal);
}

function showPaths(paths, { pick }) {
  at("paths-note").textContent = paths.length === ASKED ? `Top ${ASKED}` : "";
  const columns = [
    picking("Path", (row) => row.path, (row) => pick(`path:${row.path}`)),
    numbers("Views", (row) => row.count),
  ];
  rank(at("paths-table"), columns, paths.map(({ path, views }) => ({ path, count: views })));
}

/** Events by their type. */
export async function showTypes({ tenant, period, pick, signal }) {
  const days = { start_date: period.first, end_date: period.last };
  const path = "/analytics/event-counts-by-type";
  const counts = Object.entries(await read(path, { tenant_id: tenant, ...days }, signal));
  at("events").textContent = number(sum(counts.map(([, count]) => count)));
  const columns = [
    picking("Type", (row) => row.name, (row) => pick(`event:${row.name}`)),
    numbers("Events", (row) => row.count),
  ];
  rank(at("types-table"), columns, ranked(counts));
  reveal("events-figure", counts.length > 0);
  return reveal("types", counts.length > 0);
}

/** Requests over time, with their paths and user agents. */
export async function showRequests({ tenant, period, grain, signal }) {
  // An answer has so many windows at most: for minutes a day, for hours two months.
  const earliest = period.to - MOST_WINDOWS * LENGTHS[grain];
  const shown = { ...period, from: Math.max(period.from, earliest) };
  const ask = (of, grain, limit) =>
    read("/logs/stats", { tenant_id: tenant, ...range(of), grain, limit }, signal);
  const [days, windows] = await Promise.all([ask(period, "day", ASKED), ask(shown, grain, 3)]);
  const requests = sum(days.windows.map((day) => day.requests));
  at("requests-number").textContent = number(requests);
  reveal("requests-figure", requests > 0);
  if (!reveal("requests", requests > 0)) return false;
  const isCut = shown.from > period.from;
  at("requests-note").textContent = isCut ? `From ${dayText(shown.from)} to ${dayText(shown.to - DAY)}` : "";
  showWindows(windows.windows, starts(shown, grain), grain);
  showStatuses(days.windows);
  reveal("referers", days.windows.some((day) => day.referers.length > 0));
  showNames("referers-table", "Referer", days.windows, "referers", "referer");
  showNames("request-paths-table", "Request", days.windows, "paths", "path");
  showNames("user-agents-table", "User agent", days.windows, "user_agents", "user_agent");
  return true;
}

function showWindows(windows, all, grain) {
  const requests = byStart(windows, all, "requests");
  const line = { label: "Requests", colour: "--accent", filled: true, values: requests };
  draw(at("requests-chart"), all, [line], grain);
  at("requests-summary").textContent = summary("request", all, requests, grain);
  const list = (items, name) => items.map((item) => `${item[name]} (${item.count})`).join(", ");
  const columns = [
    times("Time", (row) => windowText(Date.parse(row.start), grain)),
    numbers("Requests", (row) => row.requests),
    column("Most frequent paths", (row) => list(row.paths, "path")),
    column("Most frequent user agents", (row) => list(row.user_agents, "user_agent")),
  ];
  fill(at("requests-table"), columns, windows.reverse());
}

/** Requests by the class of their status, in the order of classes. */
function showStatuses(windows) {
  const names = ["1xx", "2xx", "3xx", "4xx", "5xx", "unknown"];
  const count = (name) => sum(windows.map((window) => window.status[name]));
  const title = (row) => (row.name === "unknown" ? "No status" : row.name);
  const columns = [column("Status", title), numbers("Requests", (row) => row.count)];
  const rows = names.map((name) => ({ name, count: count(name) }));
  rank(at("statuses-table"), columns, rows.filter((row) => row.count > 0));
}

function showNames(id, title, windows, list, name) {
  const counts = added(windows.map((window) => window[list]), name, "count");
  const columns = [column(title, (row) => row.name), numbers("Requests", (row) => row.count)];
  rank(at(id), columns, ranked(counts).slice(0, ASKED));
}

const logs = (view) => [
  opening("Log", (row) => row.log_id, (row) => readText(view, row.log_id)),
  column("Sent as", (row) => row.source),
  numbers("Characters", (row) => row.characters),
  numbers("Redactions", (row) => row.redactions),
  times("Received", (row) => instantText(row.received_at)),
  times("Processed", (row) =>
    row.processed_at && !(row.parts_done < row.parts)
      ? instantText(row.processed_at)
      : `${row.parts_done} of ${row.parts} parts`,
  ),
];

async function readText({ tenant }, log) {
  const names = [tenant, log].map(encodeURIComponent);
  const stored = await read(`/tenants/${names[0]}/processed_logs/${names[1]}`, {});
  return stored.modified_data;
}

const quarantine = () => [
  column("Reason", (row) => row.reason),
  column("What is wrong", (row) => row.detail),
  column("Kind", (row) => row.attributes?.kind ?? ""),
  column("Record", (row) => row.attributes?.record_id ?? ""),
  times("First seen", (row) => instantText(row.first_seen)),
  numbers("Attempts", (row) => row.attempts),
];

export const showLogs = (view) => showListing(view, "processed_logs", "logs", logs(view));

export const showQuarantine = (view) => showListing(view, "quarantine", "quarantine", quarantine());

/** The first page of a listing, and a button for the next one. What somebody has opened stays. */
async function showListing({ tenant, signal, tell, isRefresh }, name, section, columns) {
  const [table, more] = [at(`${section}-table`), at(`more-${section}`)];
  if (isRefresh && table.dataset.held) return true;
  delete table.dataset.held;
  const path = `/tenants/${encodeURIComponent(tenant)}/${name}`;
  async function show(page_token) {
    const page = await read(path, { limit: PAGE, page_token }, signal);
    if (page_token) {
      table.dataset.held = "yes";
      append(table, columns, page[name]);
    } else fill(table, columns, page[name]);
    more.hidden = !page.next_page_token;
    more.onclick = () => show(page.next_page_token).catch(tell);
    return page[name].length > 0;
  }
  return reveal(section, await show());
}
