/**
 * Snapshots of one room's state, so that an activation replays little. Invariant: a snapshot is saved once all that it rests on
 * is durable, and the audit entries it covers are copied to the tenant's log.
 */
import type { Seq } from "../../base/ids.ts";
import { SNAPSHOT_EVENTS_MIN } from "../../base/limits.ts";
import { encodeSnapshot } from "../../domain/room/snapshot.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { RoomActor } from "./room-actor.ts";
import type { RoomLog } from "./room-log.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { TenantAudit } from "../tenant/tenant-audit.ts";

export class RoomSnapshots {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #audit: TenantAudit;
  readonly #later: Later;
  /** Of the last one that was saved, or read. */
  #savedSeq: Seq = 0;
  /** Of the state at `seq`, taken when all up to there was in one segment; saved once that is durable. */
  #taken: { readonly seq: Seq; readonly bytes: Uint8Array } | undefined;

  constructor(env: ShardEnv, room: RoomActor, audit: TenantAudit, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#audit = audit;
    this.#later = later;
  }

  wasRead(seq: Seq): void {
    this.#savedSeq = seq;
  }

  /** Before the next segment is appended. */
  takeIfDue(log: RoomLog): void {
    if (!log.nextTakesAll || log.isIdle || this.#taken !== undefined || !this.#isDue()) return;
    const { state } = this.#room;
    this.#taken = { seq: state.head, bytes: encodeSnapshot(state) };
  }

  /** A window of many keys makes a large snapshot: the larger, the rarer. */
  #isDue(): boolean {
    const { head, window } = this.#room.state;
    const since = head - this.#savedSeq;
    return since >= SNAPSHOT_EVENTS_MIN && since >= window.size / 2;
  }

  committed(seq: Seq): void {
    const taken = this.#taken;
    if (taken === undefined || taken.seq > seq) return;
    this.#taken = undefined;
    this.#savedSeq = taken.seq;
    const { key, marks } = this.#room;
    // The next activation looks for senders from the snapshot on: what came before must be marked by then.
    const save = (): void => this.#env.journal.saveSnapshot(key, taken, () => undefined);
    this.#audit.whenCopied(() => marks.flushSent(save));
  }

  /** Answers whether a snapshot of a state at `seq` or later is stored; not while something is under way that is in none yet. */
  cover(seq: Seq, done: (isCovered: boolean) => void): void {
    if (this.#savedSeq >= seq && this.#taken === undefined) return done(true);
    const { state, key, marks, committedSeq, isWriting } = this.#room;
    const { head } = state;
    if (isWriting || head !== committedSeq || !this.#audit.isSettled) return done(false);
    const snapshot = { seq: head, bytes: encodeSnapshot(state) };
    marks.flushSent(() => {
      const saved = this.#later((result: ReadResult<true>) => {
        if (result.ok) this.#savedSeq = Math.max(this.#savedSeq, head);
        done(result.ok);
      });
      this.#env.journal.saveSnapshot(key, snapshot, saved);
    });
  }

  /** The activation ends in good order: the next one should start quickly. */
  saveLast(): void {
    const { state, key } = this.#room;
    if (state.head - this.#savedSeq < SNAPSHOT_EVENTS_MIN / 10 || !this.#audit.isSettled) return;
    const snapshot = { seq: state.head, bytes: encodeSnapshot(state) };
    this.#env.journal.saveSnapshot(key, snapshot, () => undefined);
  }
}
