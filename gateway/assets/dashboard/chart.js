// Lines over time, drawn by uPlot in the colours of the page.

import { dayText, timeText, windowText } from "./time.js";

const HEIGHT = 240;
/** In seconds, as uPlot has it. */
const DAY = 86_400;
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const STEPS = Array.from({ length: 12 }, (_, e) => [1, 2, 5].map((step) => step * 10 ** e)).flat();
const short = (number) => SHORT.format(number);
const drawn = new Map();

/**
 * Draws `lines` (label, colour, values) over `starts` into `place`, in place of what it showed,
 * and again whenever the page changes between light and dark. Hours are shown in `zone`.
 */
export function draw(place, starts, lines, grain, zone = "UTC") {
  drawn.get(place)?.chart.destroy();
  const seconds = starts.map((start) => start / 1000);
  const data = [seconds, ...lines.map((line) => line.values)];
  const chart = new uPlot(options(place, starts, lines, grain, zone), data, place);
  drawn.set(place, { chart, again: () => draw(place, starts, lines, grain, zone) });
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(place, starts, lines, grain, zone) {
  const clock = grain === "day" ? "UTC" : zone;
  const axis = {
    stroke: colour("--soft"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), clock === "UTC" ? "Etc/UTC" : clock),
    // The last label stands under the right end.
    padding: [12, 32, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_, least, most) => [0, Math.max(4, most) * 1.08] } },
    axes: [
      { ...axis, grid: { show: false }, size: 32, space: 64, ...ticks(starts, clock) },
      { ...axis, size: 48, space: 36, incrs: STEPS, values: (_, ticks) => ticks.map(short) },
    ],
    series: [
      { label: "", value: (_, at) => (at === null ? "" : windowText(at * 1000, grain, clock)) },
      ...lines.map(series),
    ],
  };
}

const series = ({ label, colour: name, filled, dashed, values }) => ({
  label,
  stroke: colour(name),
  fill: filled ? colour("--tint") : undefined,
  width: dashed || values.length > 200 ? 1 : 2,
  dash: dashed ? [4, 4] : undefined,
  value: (_, value) => value?.toLocaleString("en") ?? "",
});

/** Over several days the axis names days, else times. */
function ticks(starts, zone) {
  if (starts.at(-1) - starts[0] > 2 * DAY * 1000) {
    const incrs = [1, 2, 3, 7, 14, 30, 60].map((days) => days * DAY);
    return { incrs, values: (_, ticks) => ticks.map((at) => dayText(at * 1000, zone)) };
  }
  const isMidnight = (at) => timeText(at * 1000, zone) === "00:00";
  const text = (at) => (isMidnight(at) ? dayText : timeText)(at * 1000, zone);
  return { values: (_, ticks) => ticks.map(text) };
}

const fit = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    drawn.get(target)?.chart.setSize({ width: target.clientWidth, height: HEIGHT });
  }
});

/** Keeps the chart as wide as its place, and in the page's colours. */
export function watch(place) {
  fit.observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawn.get(place)?.again();
  });
}
