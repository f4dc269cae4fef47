/** For tests of what is counted by the day, in UTC: none of them begins on one day and ends on the next. */
import { DAY_MS } from "../../src/base/days.ts";

/** What such a test takes at most, with room for a busy machine. */
const NEEDED_MS = 20_000;

/** Returns at once, or when the next day has begun. */
export async function withinOneDay(): Promise<void> {
  const leftMs = DAY_MS - (Date.now() % DAY_MS);
  if (leftMs < NEEDED_MS) await Bun.sleep(leftMs + 1);
}
