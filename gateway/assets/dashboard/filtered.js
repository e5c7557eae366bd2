// What the page shows while one value is chosen: the figures of the events that have it.

import { read } from "./api.js";
import { showRows, titleOf } from "./breakdowns.js";
import { draw } from "./chart.js";
import { column, element, fill, number, numbers, picking, rank, times } from "./table.js";
import { DAY, starts, windowText } from "./time.js";
import { showVisitors, visitorsTitle } from "./visitors.js";

/** Values that are asked for. */
const ASKED = 100;
/** What has no figures of its own then. */
const OTHERS = ["bounces", "duration", "depth", "live", "events", "requests"].map((id) => `${id}-figure`);
const SECTIONS = ["requests", "logs", "quarantine", "excluded"];

const at = (id) => document.getElementById(id);
const byViews = (rows) => rows.map((row) => ({ ...row, count: row.views }));

/** `source:Google`, as a text for people. */
export function filterText(filter) {
  const [name, ...rest] = filter.split(":");
  return `${titleOf(name)}: ${rest.join(":")}`;
}

/** Shows the figures of the events that have the chosen value, and tells whether there are any. */
export async function showFiltered(view) {
  const { tenant, period, filter, signal } = view;
  const days = { from: period.first, to: period.last, limit: ASKED };
  const found = await read("/stats/filtered", { site_id: tenant, filter, ...days }, signal);
  for (const id of [...OTHERS, ...SECTIONS]) at(id).hidden = true;
  showFigures(found, view);
  showDays(found.days, view);
  showPaths(found.top_paths, view);
  showTypes(found.breakdowns.event ?? [], view);
  showRows(view, (dimension) => found.breakdowns[dimension] ?? []);
  showProperties(found.properties, view);
  at("missing").hidden = found.missing_events === 0;
  at("missing").textContent = missingText(found.missing_events);
  return found.total_views + found.unique_users > 0;
}

function missingText(events) {
  const [which, where] = ["from this period", "not in these figures"];
  if (events === 1) return `1 event ${which} has expired and is ${where}.`;
  return `${number(events)} events ${which} have expired and are ${where}.`;
}

function showFigures({ total_views: views, unique_users: different, days }, view) {
  at("views").textContent = number(views);
  showVisitors(days.map(({ date, visitors }) => ({ start: Date.parse(date), visitors })), different, view);
  for (const id of ["views-change", "visitors-change"]) at(id).textContent = "";
  for (const id of ["views-figure", "visitors-figure"]) at(id).hidden = false;
}

function showDays(days, { period, site }) {
  const isShown = period.days > 1 && days.length > 0;
  at("series").hidden = !isShown;
  if (!isShown) return;
  const windows = starts(period, "day", site.today + DAY);
  const of = new Map(days.map((day) => [Date.parse(day.date), day]));
  const values = (name) => windows.map((start) => of.get(start)?.[name] ?? 0);
  const lines = [
    { label: "Views", colour: "--accent", filled: true, values: values("views") },
    { label: "Visitors", colour: "--second", values: values("visitors") },
  ];
  at("series-title").textContent = "Views and visitors a day";
  at("series-open").textContent = "Views and visitors a day, as a table";
  draw(at("series-chart"), windows, lines, "day", site.zone);
  at("series-summary").textContent = `Events on ${days.length === 1 ? "1 day" : `${number(days.length)} days`}.`;
  const columns = [
    times("Time", (row) => windowText(Date.parse(row.date), "day", site.zone)),
    numbers("Views", (row) => row.views),
    numbers("Visitors", (row) => row.visitors),
  ];
  fill(at("series-table"), columns, [...days].reverse());
}

function showPaths(paths, { period, pick }) {
  at("paths").hidden = paths.length === 0;
  at("paths-note").textContent = paths.length === ASKED ? `Top ${ASKED}` : "";
  const columns = [
    picking("Path", (row) => row.value, (row) => pick(`path:${row.value}`)),
    numbers(visitorsTitle(period), (row) => row.visitors),
    numbers("Views", (row) => row.views),
  ];
  rank(at("paths-table"), columns, byViews(paths));
}

function showTypes(types, { period, pick }) {
  at("types").hidden = types.length === 0;
  const columns = [
    picking("Type", (row) => row.value, (row) => pick(`event:${row.value}`)),
    numbers(visitorsTitle(period), (row) => row.visitors),
    numbers("Events", (row) => row.views),
  ];
  rank(at("types-table"), columns, byViews(types));
}

/** A table for each property of the chosen type of events. */
function showProperties(properties, { period }) {
  const named = Object.entries(properties);
  at("properties").hidden = named.length === 0;
  const tables = named.map(([name, rows]) => {
    const table = element("table");
    table.setAttribute("aria-label", `Property ${name}`);
    const columns = [
      column(name, (row) => row.value),
      numbers(visitorsTitle(period), (row) => row.visitors),
      numbers("Events", (row) => row.views),
    ];
    const place = element("div", "", table);
    rank(table, columns, byViews(rows));
    return place;
  });
  at("properties-tables").replaceChildren(...tables);
}
