// How long visitors stay, and how many see one page and leave: read apart, because they may have to be
// derived first.

import { Refused, read } from "./api.js";
import { changeText } from "./change.js";

/** Milliseconds until figures that are being derived are asked for again. */
const WAIT = 2_000;
/** How often they are asked for before the page gives up until its next refresh. */
const TRIES = 30;

const at = (id) => document.getElementById(id);
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** The figures: their place, their name in the answer, and how they are shown. */
const FIGURES = [
  ["bounces", "bounce_rate", (rate) => percent.format(rate)],
  ["duration", "average_seconds", durationText],
  ["depth", "views_per_visit", (views) => one.format(views)],
];

/** `45 s`, or `2 min 5 s`. */
function durationText(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** Shows the figures as soon as they are there. */
export async function showVisits({ tenant, period, isRefresh, signal }) {
  if (!isRefresh) reveal(false);
  const days = { from: period.first, to: period.last, compare: "previous" };
  const now = await derived({ site_id: tenant, ...days }, signal);
  reveal(now.visits > 0);
  for (const [id, name, text] of FIGURES) {
    at(id).textContent = now.visits ? text(now[name]) : "–";
    at(`${id}-change`).textContent = changeText(now[name], now.previous[name], period);
  }
}

function reveal(isThere) {
  for (const [id] of FIGURES) at(`${id}-figure`).hidden = !isThere;
}

/** The answer, once what it needs is derived. */
async function derived(asked, signal) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await read("/stats/visits", asked, signal);
    } catch (error) {
      const isInWork = error instanceof Refused && error.status === 503;
      if (!isInWork || left === 0 || signal.aborted) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
}
