// The parts of the dashboard: each reads what it needs and shows it.

import { read, readAll } from "./api.js";
import { draw } from "./chart.js";
import { added, append, column, fill, number, numbers, ranked, times } from "./table.js";
import { instantText, isoDay, isoInstant, starts, windowText } from "./time.js";

const DAY = 86_400_000;
/** Names in a list. */
const MOST = 10;
/** Names that are asked for of each day, to be added up. */
const ASKED = 100;

const at = (id) => document.getElementById(id);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const range = ({ from, to }) => ({ from: isoInstant(from), to: isoInstant(to) });

/** Values of `points` by their windows; 0 where there is none. */
function byStart(points, windows, name) {
  const values = new Map(points.map((point) => [Date.parse(point.start), point[name]]));
  return windows.map((start) => values.get(start) ?? 0);
}

/** Views and visitors over time, and the paths of the days that have views. */
export async function showViews({ tenant, period, signal }) {
  const ask = (grain) =>
    read("/stats/series", { site_id: tenant, ...range(period), grain }, signal);
  const grain = period.days <= 2 ? "hour" : "day";
  const [days, points] = await Promise.all([ask("day"), ask(grain)]);
  at("views").textContent = number(sum(days.series.map((day) => day.views)));
  at("visitors").textContent = number(sum(days.series.map((day) => day.visitors)));
  at("visitors-label").textContent = period.days === 1 ? "Visitors" : "Visitors, daily sum";
  at("series-note").textContent = grain === "hour" ? "By the hour" : "By the day";
  showSeries(points.series, starts(period, grain), grain);
  await showPaths(tenant, days.series, signal);
}

function showSeries(points, windows, grain) {
  const views = byStart(points, windows, "views");
  const lines = [{ label: "Views", colour: "--accent", filled: true, values: views }];
  const columns = [
    times("Time", (row) => windowText(row.start, grain)),
    numbers("Views", (row) => row.views),
  ];
  if (grain === "day") {
    const visitors = byStart(points, windows, "visitors");
    lines.push({ label: "Visitors", colour: "--second", values: visitors });
    columns.push(numbers("Visitors", (row) => row.visitors));
  }
  draw(at("series-chart"), windows, lines, grain);
  at("series-summary").textContent = summary("views", windows, views, grain);
  const rows = points.map((point) => ({ ...point, start: Date.parse(point.start) }));
  fill(at("series-table"), columns, rows.reverse());
}

function summary(what, windows, values, grain) {
  const most = Math.max(...values);
  const when = windowText(windows[values.indexOf(most)], grain);
  return `${number(sum(values))} ${what} in all, at most ${number(most)} a ${grain} (${when}).`;
}

async function showPaths(tenant, days, signal) {
  const ask = (day) => () =>
    read("/stats", { site_id: tenant, date: isoDay(day.start), limit: ASKED }, signal);
  const answers = await readAll(days.filter((day) => day.views > 0).map(ask));
  const lists = answers.map((answer) => answer.top_paths);
  const isCut = lists.some((list) => list.length === ASKED) && lists.length > 1;
  at("paths-note").textContent = isCut ? `Of each day's first ${ASKED}` : "";
  const columns = [column("Path", (row) => row.name), numbers("Views", (row) => row.count)];
  fill(at("paths-table"), columns, ranked(added(lists, "path", "views"), MOST));
}

/** Events by their type. */
export async function showTypes({ tenant, period, signal }) {
  const days = { start_date: period.first, end_date: period.last };
  const path = "/analytics/event-counts-by-type";
  const counts = Object.entries(await read(path, { tenant_id: tenant, ...days }, signal));
  at("events").textContent = number(sum(counts.map(([, count]) => count)));
  const columns = [column("Type", (row) => row.name), numbers("Events", (row) => row.count)];
  fill(at("types-table"), columns, ranked(counts, MOST));
}

/** Requests over time, with their paths and user agents. */
export async function showRequests({ tenant, period, grain, signal }) {
  // An answer has the minutes of one day at most.
  const shown = grain === "minute" ? { ...period, from: period.to - DAY } : period;
  const ask = (of, grain, limit) =>
    read("/logs/stats", { tenant_id: tenant, ...range(of), grain, limit }, signal);
  const [days, windows] = await Promise.all([ask(period, "day", ASKED), ask(shown, grain, 3)]);
  at("requests").textContent = number(sum(days.windows.map((day) => day.requests)));
  const isCut = grain === "minute" && period.days > 1;
  at("requests-note").textContent = isCut ? `On ${period.last}` : "";
  showWindows(windows.windows, starts(shown, grain), grain);
  showNames("request-paths-table", "Request", days.windows, "paths", "path");
  showNames("user-agents-table", "User agent", days.windows, "user_agents", "user_agent");
}

function showWindows(windows, all, grain) {
  const requests = byStart(windows, all, "requests");
  const line = { label: "Requests", colour: "--accent", filled: true, values: requests };
  draw(at("requests-chart"), all, [line], grain);
  at("requests-summary").textContent = summary("requests", all, requests, grain);
  const list = (items, name) => items.map((item) => `${item[name]} (${item.count})`).join(", ");
  const columns = [
    times("Time", (row) => windowText(Date.parse(row.start), grain)),
    numbers("Requests", (row) => row.requests),
    column("Most frequent paths", (row) => list(row.paths, "path")),
    column("Most frequent user agents", (row) => list(row.user_agents, "user_agent")),
  ];
  fill(at("requests-table"), columns, windows.reverse());
}

function showNames(id, title, windows, list, name) {
  const counts = added(windows.map((window) => window[list]), name, "count");
  const columns = [column(title, (row) => row.name), numbers("Requests", (row) => row.count)];
  fill(at(id), columns, ranked(counts, MOST));
}

const LOGS = [
  column("Log", (row) => row.log_id),
  column("Came as", (row) => row.source),
  numbers("Characters", (row) => row.characters),
  numbers("Redactions", (row) => row.redactions),
  times("Received", (row) => instantText(row.received_at)),
  times("Processed", (row) =>
    row.parts_done < row.parts
      ? `${row.parts_done} of ${row.parts} parts`
      : instantText(row.processed_at),
  ),
];

const QUARANTINE = [
  column("Reason", (row) => row.reason),
  column("What is wrong", (row) => row.detail),
  column("Kind", (row) => row.attributes?.kind ?? ""),
  column("Record", (row) => row.attributes?.record_id ?? ""),
  times("First seen", (row) => instantText(row.first_seen)),
  numbers("Attempts", (row) => row.attempts),
];

export const showLogs = (view) =>
  showListing(view, "processed_logs", LOGS, "logs-table", "more-logs", "No logs yet.");

export const showQuarantine = (view) =>
  showListing(view, "quarantine", QUARANTINE, "quarantine-table", "more-quarantine", "Empty.");

/** The first page of a listing, and a button for the next one. */
async function showListing({ tenant, signal, tell }, name, columns, table, button, nothing) {
  const path = `/tenants/${encodeURIComponent(tenant)}/${name}`;
  async function show(page_token) {
    const page = await read(path, { limit: MOST, page_token }, signal);
    if (page_token) append(at(table), columns, page[name]);
    else fill(at(table), columns, page[name], nothing);
    at(button).hidden = !page.next_page_token;
    at(button).onclick = () => show(page.next_page_token).catch(tell);
  }
  await show();
}
