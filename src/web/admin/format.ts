/** Numbers, sizes and times as people read them: short, with their unit, and of the same length wherever they change. */

const EMPTY = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 12,345 and 1.2 M: all digits as long as they can be taken in at a glance. */
export function count(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return EMPTY;
  if (Math.abs(value) < 100_000) return whole.format(value);
  return short(value);
}

/** For axes: 1.5k, 2M. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e3) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

export function rate(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return EMPTY;
  if (value === 0) return "0";
  return value < 10 ? value.toFixed(1) : count(value);
}

export function milliseconds(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return EMPTY;
  if (value >= 10_000) return `${(value / 1_000).toFixed(0)} s`;
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`;
  if (value >= 10) return `${value.toFixed(0)} ms`;
  return value === 0 ? "0 ms" : `${value.toFixed(1)} ms`;
}

export function bytes(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return EMPTY;
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  let at = 0;
  let size = value;
  while (size >= 1_000 && at < units.length - 1) {
    size /= 1_000;
    at += 1;
  }
  return `${at === 0 || size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${units[at]}`;
}

export function percent(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? EMPTY : `${value.toFixed(0)} %`;
}

/** 3 d 4 h, 12 min: the two largest parts. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([size]) => size > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([size]) => size > 0)
    .map(([size, unit]) => `${size} ${unit}`)
    .join(" ");
}

/** In the reader's own zone; with the date when it is not today. */
export function moment(iso: string | null | undefined, nowMs = Date.now()): string {
  if (iso === null || iso === undefined) return EMPTY;
  const at = new Date(iso);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** "4 min ago", "in 2 h". */
export function ago(iso: string | null | undefined, nowMs = Date.now()): string {
  if (iso === null || iso === undefined) return EMPTY;
  const ms = nowMs - Date.parse(iso);
  if (Math.abs(ms) < 1_500) return "now";
  const [largest = ""] = /^\d+ \S+/.exec(duration(Math.abs(ms))) ?? [];
  return ms > 0 ? `${largest} ago` : `in ${largest}`;
}

/** `user_suspended` → "user suspended". */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** "1 room", "2 rooms". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function trimmed(value: number): string {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
