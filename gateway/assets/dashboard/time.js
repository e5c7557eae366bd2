// Days, windows and how they are written; all in UTC.

export const DAY = 86_400_000;
export const LENGTHS = { minute: 60_000, hour: 3_600_000, day: DAY };
/** Days before today in periods that end today. */
const BACK = { today: 0, "7d": 6, "30d": 29, "12m": 364 };
/** The most days of a period. */
export const MOST_DAYS = 366;

const utc = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const DAY_FORMAT = utc({ day: "numeric", month: "short" });
const YEAR_FORMAT = utc({ day: "numeric", month: "short", year: "numeric" });
const TIME_FORMAT = utc({ hour: "2-digit", minute: "2-digit" });
const FULL_FORMAT = utc({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const LONG_FORMAT = utc({ dateStyle: "medium", timeStyle: "medium" });

/** `2025-05-01` */
export const isoDay = (time) => new Date(time).toISOString().slice(0, 10);

/** `2025-05` */
export const isoMonth = (time) => isoDay(time).slice(0, 7);

/** `2025-05-01T10:00:00Z` */
export const isoInstant = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** The day on which `time` is. */
export const dayOf = (time) => Math.floor(time / DAY) * DAY;

/** The first and the last day of a period, and its instants: `from` is in it, `to` is not. */
export function period(asked, now = Date.now()) {
  const [first, last] = ends(asked, dayOf(now));
  if (!(first <= last)) throw new Error("From must not be after To.");
  const days = (last - first) / DAY + 1;
  if (days > MOST_DAYS) throw new Error(`From must be at most ${MOST_DAYS} days before To.`);
  return { first: isoDay(first), last: isoDay(last), from: first, to: last + DAY, days };
}

/** The first and the last day. */
function ends({ name, from, to, month }, today) {
  if (name in BACK) return [today - BACK[name] * DAY, today];
  if (name === "month") return daysOfMonth(month || isoMonth(today), today);
  const last = Date.parse(to || isoDay(today));
  return [from ? Date.parse(from) : last, last];
}

/** A month's days; those of this month until today. */
function daysOfMonth(month, today) {
  const first = /^\d{4}-\d\d$/.test(month) ? Date.parse(`${month}-01`) : NaN;
  if (Number.isNaN(first)) throw new Error("Month must be a year and a month, such as 2025-05.");
  const next = new Date(first);
  next.setUTCMonth(next.getUTCMonth() + 1);
  const last = next.getTime() - DAY;
  return [first, first <= today ? Math.min(last, today) : last];
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

/** `1 May 2025`, or `1 May 2025 to 29 May 2025`. */
export function daysText({ from, to }) {
  const [first, last] = [from, to - DAY].map((time) => YEAR_FORMAT.format(new Date(time)));
  return first === last ? first : `${first} to ${last}`;
}
