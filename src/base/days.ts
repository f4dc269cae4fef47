/** Days and hours in UTC, as names and numbers. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** As 2026-01-31. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** Milliseconds since 1970. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** Of its day. */
export function hourOf(atMs: number): number {
  return Math.floor((atMs % DAY_MS) / HOUR_MS);
}
