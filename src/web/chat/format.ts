/** Points in time, sizes and lists in the reader's own words. */
const DAY_MS = 86_400_000;

const timeOf = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayOf = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const list = new Intl.ListFormat(undefined, { style: "long", type: "conjunction" });

export function time(ms: number): string {
  return timeOf.format(ms);
}

/** Without the half of the day, where that is said apart: beside a message, where there is little room. */
export function shortTime(ms: number): string {
  return timeOf
    .formatToParts(ms)
    .filter(({ type }) => type !== "dayPeriod")
    .map(({ value }) => value)
    .join("")
    .trim();
}

export function day(ms: number): string {
  const today = new Date().setHours(0, 0, 0, 0);
  if (ms >= today) return "Today";
  if (ms >= today - DAY_MS) return "Yesterday";
  return new Date(ms).getFullYear() === new Date().getFullYear() ? dayOf.format(ms) : dayOfYear.format(ms);
}

export function dayKey(ms: number): string {
  return new Date(ms).toDateString();
}

export function fullTime(ms: number): string {
  return whole.format(ms);
}

/** The time of today, else the day. */
export function brief(ms: number): string {
  return ms >= new Date().setHours(0, 0, 0, 0) ? time(ms) : shortDay.format(ms);
}

/** Day and time, in short. */
export function moment(ms: number): string {
  return short.format(ms);
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kb = bytes / 1024;
  return kb < 1024 ? `${kb.toFixed(kb < 10 ? 1 : 0)} KB` : `${(kb / 1024).toFixed(1)} MB`;
}

export function names(all: readonly string[]): string {
  return list.format(all);
}

export function count(number: number): string {
  return number > 99 ? "99+" : String(number);
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}
