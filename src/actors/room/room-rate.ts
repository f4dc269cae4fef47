/**
 * How much people may write in one room. The room's own actor counts, so that the bound is that of all nodes together.
 * What moderators do to end a flood is not counted. Made when the room has a bound and somebody writes.
 */
import { type Rate, TokenBucket } from "../../base/token-bucket.ts";
import type { RoomCommand } from "../../domain/room/commands.ts";

const COUNTED: ReadonlySet<RoomCommand["kind"]> = new Set<RoomCommand["kind"]>([
  "send_message",
  "edit_message",
  "react",
  "vote_poll",
]);

export class RoomRate {
  readonly #bucket: TokenBucket;

  constructor(rate: Rate, nowMs: number) {
    this.#bucket = new TokenBucket(rate, nowMs);
  }

  /** 0: it may be written, and is counted; otherwise the milliseconds to wait. `rate`: as it is now. */
  take({ kind, by }: RoomCommand, rate: Rate, nowMs: number): number {
    if (!COUNTED.has(kind) || by.role === "system") return 0;
    if (this.#bucket.rate !== rate) this.#bucket.setRate(rate, nowMs);
    return this.#bucket.take(nowMs);
  }
}
