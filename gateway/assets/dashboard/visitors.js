// How many visitors there were. A browser without an account of the site is another visitor each day, so
// days are never added up and then called visitors.

import { number } from "./table.js";
import { DAY, dayText } from "./time.js";

const at = (id) => document.getElementById(id);
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** What a column of visitors is called: of several days a browser may count once a day. */
export const visitorsTitle = ({ days }) => (days === 1 ? "Visitors" : "Visitors, at most");

/**
 * Shows the visitors of a day, or those a day of several days. `days` have a `start` and `visitors`;
 * `different` is the number of different ids in all of them.
 */
export function showVisitors(days, different, { period, site }) {
  const visitors = days.map((day) => day.visitors);
  const isDay = period.days === 1;
  at("visitors-label").textContent = isDay ? "Visitors" : "Visitors a day";
  at("visitors").textContent = isDay ? number(visitors[0] ?? 0) : one.format(average(visitors, period, site));
  at("visitors-note").textContent = isDay ? "" : averageText(days, visitors);
  at("visitors-different").textContent = isDay ? "" : differentText(visitors, different);
}

function average(visitors, period, site) {
  const days = (Math.min(period.to, site.today + DAY) - period.from) / DAY;
  return sum(visitors) / Math.max(1, days);
}

function averageText(days, visitors) {
  const most = Math.max(0, ...visitors);
  if (!most) return "on average";
  return `on average; peak ${number(most)} (${dayText(days[visitors.indexOf(most)].start)})`;
}

/** How many different visitors all days had. Somebody with an account is one, whoever has none is one a day;
 * so the number is the right one where one day saw them all, and says nothing where nobody came again. */
function differentText(visitors, different) {
  const text = `${number(different)} different ${different === 1 ? "visitor" : "visitors"} in all`;
  if (different === Math.max(0, ...visitors)) return text;
  return different < sum(visitors) ? `at most ${text}` : "";
}
