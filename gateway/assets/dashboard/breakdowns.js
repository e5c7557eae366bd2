// Where visitors come from and what they use: a ranking for each dimension.

import { read } from "./api.js";
import { change } from "./change.js";
import { column, number, numbers, picking, rank } from "./table.js";
import { visitorsTitle } from "./visitors.js";

/** Values that are asked for. */
const ASKED = 100;
const DEVICES = { desktop: "Desktop", mobile: "Phone", tablet: "Tablet", tv: "Television", console: "Console" };

const at = (id) => document.getElementById(id);

/** Names by their code, in English; the code itself where it has none. */
function names(type) {
  const known = new Intl.DisplayNames("en", { type, fallback: "code" });
  return (code) => {
    try {
      return known.of(code);
    } catch {
      // Such as `(other)`.
      return code;
    }
  };
}

const asIs = (value) => value;

/** The rankings: the dimension, what its values are called, and how they are shown. */
const DIMENSIONS = [
  ["source", "Source", asIs],
  ["utm_campaign", "Campaign", asIs],
  ["entry_page", "Page", asIs],
  ["referrer", "Referrer", asIs],
  ["country", "Country", names("region")],
  ["language", "Language", names("language")],
  ["browser", "Browser", asIs],
  ["os", "System", asIs],
  ["device", "Device", (value) => DEVICES[value] ?? value],
];

/** Shows every ranking that has values. */
export async function showBreakdowns(view) {
  const shown = await Promise.all(DIMENSIONS.map((dimension) => showOne(view, dimension)));
  return shown.includes(true);
}

/** Shows for every ranking the rows that `rowsOf` its dimension gives. */
export function showRows(view, rowsOf) {
  for (const dimension of DIMENSIONS) show(view, dimension, rowsOf(dimension[0]));
}

/** What a dimension is called; its name where the page does not show it. */
export function titleOf(name) {
  if (name === "path") return "Path";
  if (name === "event") return "Event type";
  return DIMENSIONS.find(([dimension]) => dimension === name)?.[1] ?? name;
}

async function showOne(view, dimension) {
  const { tenant, period, signal } = view;
  const days = { from: period.first, to: period.last, compare: "previous", limit: ASKED };
  const asked = { site_id: tenant, dimension: dimension[0], ...days };
  const { rows } = await read("/stats/breakdown", asked, signal);
  return show(view, dimension, rows);
}

/** Shows a ranking, or hides it where it has no rows; says what changed where that is known. */
function show({ period, pick }, [dimension, title, name], rows) {
  const changes = column("Change", (row) => change(row.views, row.previous.views), "number-cell");
  const columns = [
    picking(title, (row) => name(row.value), (row) => pick(`${dimension}:${row.value}`)),
    numbers(visitorsTitle(period), (row) => row.visitors),
    numbers("Views", (row) => row.views),
    ...(rows[0]?.previous ? [changes] : []),
  ];
  at(`${dimension}-note`).textContent = rows.length === ASKED ? `Top ${number(ASKED)}` : "";
  rank(at(`${dimension}-table`), columns, rows.map((row) => ({ ...row, count: row.views })));
  at(dimension).hidden = rows.length === 0;
  return rows.length > 0;
}
