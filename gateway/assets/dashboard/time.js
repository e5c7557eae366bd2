// Days, windows and how they are written. A day is its midnight in UTC, in whatever zone it is a day;
// times are shown in UTC where no zone is named.

export const DAY = 86_400_000;
export const LENGTHS = { minute: 60_000, hour: 3_600_000, day: DAY };
/** Days before today in periods that end today. */
const BACK = { today: 0, "7d": 6, "30d": 29, "12m": 364 };
/** The most days of a period. */
export const MOST_DAYS = 366;

/** Formats in a zone, each made once. */
function formats(options) {
  const made = new Map();
  return (time, zone = "UTC") => {
    if (!made.has(zone)) {
      made.set(zone, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
    }
    return made.get(zone).format(new Date(time));
  };
}

export const dayText = formats({ day: "numeric", month: "short" });
export const timeText = formats({ hour: "2-digit", minute: "2-digit" });
const yearText = formats({ day: "numeric", month: "short", year: "numeric" });
const fullText = formats({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const longText = formats({ dateStyle: "medium", timeStyle: "medium" });

/** `2025-05-01` */
export const isoDay = (time) => new Date(time).toISOString().slice(0, 10);

/** `2025-05` */
export const isoMonth = (time) => isoDay(time).slice(0, 7);

/** `2025-05-01T10:00:00Z` */
export const isoInstant = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** The day on which `time` is. */
export const dayOf = (time) => Math.floor(time / DAY) * DAY;

/** The first and the last day of a period that is asked for on a day, and its instants: `from` is in it, `to` is not. */
export function period(asked, today) {
  const [first, last] = ends(asked, today);
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

export const windowText = (time, grain, zone) =>
  grain === "day" ? dayText(time) : fullText(time, zone);
export const instantText = (text) => (text ? longText(text) : "");

/** `1 May 2025`, or `1 May 2025 to 29 May 2025`. */
export function daysText({ from, to }) {
  const [first, last] = [from, to - DAY].map((time) => yearText(time));
  return first === last ? first : `${first} to ${last}`;
}
