/** How long rooms did not take messages, as those see it who send them. Pure. */
import type { Witness } from "./verdict.ts";

/** The longest time without an ack in any of the rooms that begins or goes on after `fromMs`, milliseconds. */
export function ackGapMs(
  witnesses: readonly Witness[],
  rooms: readonly string[],
  fromMs: number,
  untilMs: number,
): number {
  let longest = 0;
  for (const roomId of rooms) {
    const times = witnesses.flatMap(({ acked }) => acked.filter((message) => message.roomId === roomId));
    const ackedMs = times.map((message) => message.ackedMs).sort((a, b) => a - b);
    let before = fromMs;
    for (const ms of ackedMs) {
      if (ms < fromMs) continue;
      longest = Math.max(longest, ms - before);
      before = ms;
      // Afterwards nobody speaks any more.
      if (ms > untilMs) break;
    }
    longest = Math.max(longest, untilMs - before);
  }
  return longest;
}
