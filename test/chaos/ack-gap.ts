/** How long rooms did not take messages, as those see it who send them. Pure. */
import type { Witness } from "./verdict.ts";

export interface AckGap {
  readonly ms: number;
  readonly roomId: string;
  /** `performance.now()` at its beginning. */
  readonly sinceMs: number;
}

/** The longest time without an ack in any of the rooms between the two; until `untilMs` all are spoken in. */
export function longestAckGap(
  witnesses: readonly Witness[],
  rooms: readonly string[],
  fromMs: number,
  untilMs: number,
): AckGap {
  let longest: AckGap = { ms: 0, roomId: "", sinceMs: fromMs };
  for (const roomId of rooms) {
    const times = witnesses.flatMap(({ acked }) => acked.filter((message) => message.roomId === roomId));
    const ackedMs = times.map((message) => message.ackedMs).sort((a, b) => a - b);
    let sinceMs = fromMs;
    // Afterwards nobody speaks any more.
    for (const ms of [...ackedMs.filter((each) => fromMs <= each && each < untilMs), untilMs]) {
      if (ms - sinceMs > longest.ms) longest = { ms: ms - sinceMs, roomId, sinceMs };
      sinceMs = ms;
    }
  }
  return longest;
}
