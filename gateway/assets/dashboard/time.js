// Days, windows and how they are written; all in UTC.

const DAY = 86_400_000;
const LENGTHS = { minute: 60_000, hour: 3_600_000, day: DAY };

const utc = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const DAY_FORMAT = utc({ day: "numeric", month: "short" });
const TIME_FORMAT = utc({ hour: "2-digit", minute: "2-digit" });
const FULL_FORMAT = utc({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const LONG_FORMAT = utc({ dateStyle: "medium", timeStyle: "medium" });

/** `2025-05-01` */
export const isoDay = (time) => new Date(time).toISOString().slice(0, 10);

/** `2025-05-01T10:00:00Z` */
export const isoInstant = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** The first and the last day of a period, and its instants: `from` is in it, `to` is not. */
export function period({ name, from, to }, now = Date.now()) {
  const today = Date.parse(isoDay(now));
  const back = { today: 0, "7d": 6, "30d": 29 }[name];
  const last = back === undefined ? Date.parse(to || isoDay(now)) : today;
  const first = back === undefined ? Date.parse(from || to || isoDay(now)) : today - back * DAY;
  if (!(first <= last)) throw new Error("The first day must not be after the last one.");
  const days = (last - first) / DAY + 1;
  if (days > 366) throw new Error("A period has at most 366 days.");
  return { first: isoDay(first), last: isoDay(last), from: first, to: last + DAY, days };
}

/** The beginnings of all windows that began by now, empty ones too. */
export function starts({ from, to }, grain, now = Date.now()) {
  const length = LENGTHS[grain];
  const count = Math.max(1, Math.ceil((Math.min(to, now) - from) / length));
  return Array.from({ length: count }, (_, index) => from + index * length);
}

export const dayText = (time) => DAY_FORMAT.format(new Date(time));
export const timeText = (time) => TIME_FORMAT.format(new Date(time));
export const windowText = (time, grain) =>
  (grain === "day" ? DAY_FORMAT : FULL_FORMAT).format(new Date(time));
export const instantText = (text) => (text ? LONG_FORMAT.format(new Date(text)) : "");
