// Events that were taken and not counted, by the reason.

import { element, number, ranked } from "./table.js";

/** Reasons that are named; a page may send any. */
const NAMED = 10;

const at = (id) => document.getElementById(id);
const sum = (rows) => rows.reduce((total, row) => total + row.count, 0);

/** Shows at `id` how many events were not counted, and why, or hides it. Returns whether there are any. */
export function showExcluded(id, excluded) {
  const rows = ranked(Object.entries(excluded));
  at(id).hidden = rows.length === 0;
  at(id).replaceChildren(element("span", "", text(rows)));
  return rows.length > 0;
}

function text(rows) {
  const [named, others] = [rows.slice(0, NAMED), sum(rows.slice(NAMED))];
  const reasons = named.map(({ name, count }) => `${name} (${number(count)})`);
  if (others) reasons.push(`others (${number(others)})`);
  const all = sum(rows);
  return `${number(all)} ${all === 1 ? "event was" : "events were"} not counted: ${reasons.join(", ")}`;
}
