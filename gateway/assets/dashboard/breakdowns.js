// Where visitors come from and what they use: a ranking for each dimension.

import { read } from "./api.js";
import { change } from "./change.js";
import { column, number, numbers, rank } from "./table.js";

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

async function showOne({ tenant, period, signal }, [dimension, title, name]) {
  const days = { from: period.first, to: period.last, compare: "previous", limit: ASKED };
  const { rows } = await read("/stats/breakdown", { site_id: tenant, dimension, ...days }, signal);
  const columns = [
    column(title, (row) => name(row.value)),
    numbers("Visitors", (row) => row.visitors),
    numbers("Views", (row) => row.views),
    column("Change", (row) => change(row.views, row.previous.views), "number-cell"),
  ];
  at(`${dimension}-note`).textContent = rows.length === ASKED ? `The first ${number(ASKED)}` : "";
  rank(at(`${dimension}-table`), columns, rows.map((row) => ({ ...row, count: row.views })));
  at(dimension).hidden = rows.length === 0;
  return rows.length > 0;
}
