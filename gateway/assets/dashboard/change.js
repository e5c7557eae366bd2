// What changed against the period before.

import { number } from "./table.js";
import { DAY, isoDay } from "./time.js";

/** The days of the period of the same length right before. */
export const before = ({ from, to }) => ({ from: isoDay(from - (to - from)), to: isoDay(from - DAY) });

/** The change in percent, such as `+12%`; nothing where there was nothing before. */
export function change(now, previous) {
  if (!previous) return now ? "new" : "";
  const percent = Math.round(((now - previous) / previous) * 100);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${number(Math.abs(percent))}%`;
}

/** The change in words, for a figure. */
export function changeText(now, previous, { days }) {
  const period = days === 1 ? "the day before" : `the ${number(days)} days before`;
  if (previous) return `${change(now, previous)} on ${period}`;
  return days === 1 ? `none ${period}` : `none in ${period}`;
}
