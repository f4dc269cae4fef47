/**
 * Hours of the day in which somebody wants quiet, by the clock of where they live.
 * Invariant: a period belongs to the day on which it begins, so that one over midnight is one period; the clock is the zone's
 * own, so that an hour that is skipped or comes twice is what people there call it.
 */

export interface QuietHours {
  /** Minutes of the day, 0 to 1,439. `to` before `from`: over midnight. Never the same. */
  readonly from: number;
  readonly to: number;
  /** IANA's name: Europe/Berlin. */
  readonly timeZone: string;
  /** Days on which a period begins, 1 for Monday to 7; absent: all. */
  readonly days?: readonly number[];
}

interface LocalTime {
  readonly minute: number;
  /** 1: Monday. */
  readonly day: number;
}

const DAYS: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const HOUR_MINUTES = 60;
/** There are some six hundred names. */
const ZONES_KNOWN_MAX = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

export function isQuiet({ from, to, timeZone, days }: QuietHours, nowMs: number): boolean {
  const { minute, day } = localTime(nowMs, timeZone);
  const isOn = (begun: number): boolean => days === undefined || days.includes(begun);
  if (from < to) return minute >= from && minute < to && isOn(day);
  if (minute >= from) return isOn(day);
  return minute < to && isOn(day === 1 ? DAYS.length : day - 1);
}

function localTime(nowMs: number, timeZone: string): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(nowMs)
      .map(({ type, value }) => [type, value]),
  );
  const weekday = DAYS.indexOf(parts.get("weekday") ?? "");
  return { minute: Number(parts.get("hour")) * HOUR_MINUTES + Number(parts.get("minute")), day: weekday + 1 };
}

/** One is dear to make. Throws for what is no zone. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  if (formats.size >= ZONES_KNOWN_MAX) formats.clear();
  formats.set(timeZone, format);
  return format;
}

/** "22:30" as minutes of the day; `undefined`: it is none. */
export function minuteOf(text: string): number | undefined {
  const [, hours = "", minutes = ""] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === "" ? undefined : Number(hours) * HOUR_MINUTES + Number(minutes);
}

export function clockOf(minute: number): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / HOUR_MINUTES))}:${two(minute % HOUR_MINUTES)}`;
}

/** The machine knows this zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
