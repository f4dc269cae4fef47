/**
 * One resume under way: what its shards replay, and who gets what others leave of what a socket may be sent at once. Each begins
 * with an equal part. A room that needs more waits, and goes on as soon as the others left enough for its next part; when nobody
 * is asked any more and it does not fit, it is told to name the rest as missing.
 * Invariant: what shards have replayed and what they may replay is never more than `bytesMax` in all, in one window; each room
 * that waits is asked to go on; the answer has one position for each room.
 */
import type { ResumeReply, ResumeWish, ResumeWishes } from "../../actors/link.ts";
import type { RoomId } from "../../base/ids.ts";
import type { Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { RoomPosition } from "../../protocol/frames.ts";

export interface ResumptionPorts<Target> {
  targetOf(room: RoomId): Target;
  ask(target: Target, part: ResumptionPart, told: (result: Result<unknown, Rejection>) => void): void;
  done(positions: RoomPosition[]): void;
}
export interface ResumptionPart {
  readonly rooms: ResumeWishes;
  /** In the shard's present window, with what it has replayed already. */
  readonly bytesMax: number;
  /** Nobody comes back with more. */
  readonly isLast: boolean;
}

/** What a shard is asked next. */
interface Share {
  readonly rooms: ResumeWish[];
  bytes: number;
}

export class Resumption<Target> {
  readonly #bytesMax: number;
  readonly #ports: ResumptionPorts<Target>;
  readonly #positions = new Map<RoomId, RoomPosition>();
  /** By shard, what it has replayed, or may have. */
  readonly #given = new Map<Target, number>();
  readonly #asked = new Set<Target>();
  /** Rooms that wait, and what their next parts take. */
  readonly #waiting = new Map<RoomId, { readonly target: Target; readonly bytes: number }>();

  constructor(bytesMax: number, ports: ResumptionPorts<Target>) {
    this.#bytesMax = bytesMax;
    this.#ports = ports;
  }

  begin(wishes: ResumeWishes): void {
    const shares = new Map<Target, Share>();
    for (const wish of wishes) shareOf(shares, this.#ports.targetOf(wish[0])).rooms.push(wish);
    for (const share of shares.values()) share.bytes = Math.floor(this.#bytesMax / shares.size);
    if (shares.size > 0) this.#ask(shares, false);
    else this.#ports.done([]);
  }

  #ask(shares: ReadonlyMap<Target, Share>, isLast: boolean): void {
    // All of them first: one that has no place for it says so at once.
    for (const [target, { bytes }] of shares) {
      this.#asked.add(target);
      this.#given.set(target, (this.#given.get(target) ?? 0) + bytes);
    }
    for (const [target, { rooms }] of shares) {
      const bytesMax = this.#given.get(target) ?? 0;
      this.#ports.ask(target, { rooms, bytesMax, isLast }, (result) => this.#told(target, rooms, result));
    }
  }

  #told(target: Target, rooms: ResumeWishes, result: Result<unknown, Rejection>): void {
    const reply = result.ok ? (result.value as ResumeReply) : rooms.map(([room]) => unavailable(room, result.error));
    for (const position of "positions" in reply ? reply.positions : reply)
      this.#positions.set(position.roomId, position);
    // Who does not say what was sent may have sent all that there was.
    if ("positions" in reply) {
      this.#given.set(target, reply.replayedBytes);
      for (const [room, bytes] of reply.lacking) this.#waiting.set(room, { target, bytes });
    }
    this.#asked.delete(target);
    this.#goOn();
  }

  #goOn(): void {
    const shares = this.#shareOut();
    if (shares.size > 0) return this.#ask(shares, false);
    if (this.#asked.size > 0) return;
    if (this.#waiting.size === 0) return this.#ports.done([...this.#positions.values()]);
    for (const [room, { target }] of this.#waiting) this.#give(shares, room, target, 0);
    this.#ask(shares, true);
  }

  /** What nobody has, to rooms that can go on with it, the smallest first. */
  #shareOut(): Map<Target, Share> {
    let left = this.#bytesMax;
    for (const bytes of this.#given.values()) left -= bytes;
    const shares = new Map<Target, Share>();
    for (const [room, { target, bytes }] of [...this.#waiting].toSorted(([, a], [, b]) => a.bytes - b.bytes)) {
      if (bytes > left || this.#asked.has(target)) continue;
      this.#give(shares, room, target, bytes);
      left -= bytes;
    }
    // Nobody else is going to want the rest of it.
    if (this.#asked.size === 0 && this.#waiting.size === 0)
      for (const share of shares.values()) share.bytes += Math.floor(left / shares.size);
    return shares;
  }

  #give(shares: Map<Target, Share>, room: RoomId, target: Target, bytes: number): void {
    const share = shareOf(shares, target);
    const { head = 0, missing } = this.#positions.get(room) ?? {};
    share.rooms.push([room, missing === undefined ? head : missing.from - 1, true]);
    share.bytes += bytes;
    this.#waiting.delete(room);
  }
}

function shareOf<Target>(shares: Map<Target, Share>, target: Target): Share {
  const share = shares.get(target) ?? { rooms: [], bytes: 0 };
  shares.set(target, share);
  return share;
}

function unavailable(roomId: RoomId, { code }: Rejection): RoomPosition {
  return { roomId, head: 0, typing: [], present: [], error: code };
}
