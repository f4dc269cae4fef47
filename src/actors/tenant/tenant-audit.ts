/**
 * Copies the audit entries of a room into the audit log of its tenant, once they are durable; the room's own log has them in
 * any case. A node that is lost in between is made good by the next activation: no snapshot is saved before the copies of
 * what it covers are there, and what follows the last snapshot is copied again.
 * Invariant: an entry has one id in the tenant's log, however often it is copied.
 */
import { itemKey, type RoomId, type Seq, type TenantId } from "../../base/ids.ts";
import { AUDIT_COPIES_WAITING_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { AuditEntry } from "../../domain/room/audit.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import { AUDIT } from "../../domain/room/moderation-items.ts";
import type { RowChange } from "../../domain/room/rows.ts";
import { seqId } from "../../domain/room/thread-items.ts";
import type { LogKey } from "../../storage/journal.ts";
import type { ShardEnv } from "../shard-env.ts";

export const TENANT_AUDIT = "audit";
/** Pause before a copy that could not be written is tried again, milliseconds: first, and at most. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
const DIGITS = 16;
const PLACE_LENGTH = 12;

interface Noted {
  readonly seq: Seq;
  readonly entry: AuditEntry;
}

/** In the order of time; `room` is empty for what was done to the tenant itself. */
export function tenantAuditId(at: number, room: string, place: string): string {
  return `${String(at).padStart(DIGITS, "0")}.${room}.${place}`;
}

/** Before all entries of that time, and behind all earlier ones. */
export function untilAuditId(at: number): string {
  return String(Math.max(0, at)).padStart(DIGITS, "0");
}

export function timeOfAuditId(id: string): number {
  return Number(id.slice(0, DIGITS));
}

/** What an administrator did to the tenant itself, or to somebody in it. `done`: whether or not it could be written. */
export function noteAct(
  env: Pick<ShardEnv, "projections" | "clock" | "random">,
  { tenant, userId: by }: Principal,
  act: Omit<AuditEntry, "by" | "at">,
  done: () => void,
): void {
  const at = env.clock.wallMs();
  const id = tenantAuditId(at, "", env.random.token(PLACE_LENGTH));
  const { action, ...rest } = act;
  env.projections.writeDocument(tenant, TENANT_AUDIT, id, { action, by, at, ...rest }, 0, done);
}

export class TenantAudit {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #room: RoomId;
  /** Not durable yet. */
  #waiting: Noted[] = [];
  /** Durable in the room, and being copied. */
  #underWay = 0;
  /** Too many waited: the next activation copies all that follows the last snapshot. */
  #isBehind = false;
  #settled: (() => void)[] = [];

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
  }

  /** All that was noted is copied. */
  get isSettled(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0 && !this.#isBehind;
  }

  /** Runs `then` when all that is durable now is copied; never, if it can't be. */
  whenCopied(then: () => void): void {
    if (this.#isBehind) return;
    if (this.#underWay === 0) then();
    else this.#settled.push(then);
  }

  /** The rows of one event, which is not written yet. */
  note(seq: Seq, rows: readonly RowChange[]): void {
    for (const row of rows) {
      if (row.kind !== "item" || row.collection !== AUDIT || row.value === null) continue;
      if (this.#waiting.length + this.#underWay < AUDIT_COPIES_WAITING_MAX)
        this.#waiting.push({ seq, entry: row.value as AuditEntry });
      else this.#isBehind = true;
    }
  }

  committed(upTo: Seq): void {
    if (this.#waiting.length === 0) return;
    const done = this.#waiting.filter(({ seq }) => seq <= upTo);
    this.#waiting = this.#waiting.filter(({ seq }) => seq > upTo);
    for (const noted of done) this.#begin(noted);
  }

  /**
   * The log was read behind its last snapshot, and somebody else wrote it last, who may have been lost before the copies were
   * there: they are made again from the room's own entries. `events`: those that may have one.
   */
  copyAgain(log: LogKey, events: readonly LogEvent[]): void {
    const kept = events.slice(-AUDIT_COPIES_WAITING_MAX).map(({ seq }) => seq);
    if (kept.length === 0) return;
    this.#underWay += 1;
    const read = (): void =>
      this.#env.journal.readItems(
        log,
        kept.map((seq) => itemKey(AUDIT, seqId(seq))),
        (found) => {
          if (!found.ok) {
            this.#env.clock.after(RETRY_MS, read);
            return;
          }
          for (const [i, entry] of found.value.entries()) {
            const seq = kept[i];
            if (entry !== null && seq !== undefined) this.#begin({ seq, entry: entry as AuditEntry });
          }
          this.#ended();
        },
      );
    read();
  }

  #begin(noted: Noted): void {
    this.#underWay += 1;
    this.#copy(noted, RETRY_MS);
  }

  #copy(noted: Noted, retryMs: number): void {
    const { projections, clock } = this.#env;
    const { seq, entry } = noted;
    const id = tenantAuditId(entry.at, this.#room, String(seq).padStart(DIGITS, "0"));
    projections.writeDocument(this.#tenant, TENANT_AUDIT, id, { room: this.#room, ...entry }, 0, (written) => {
      // A conflict: it is there.
      if (written.ok) return this.#ended();
      clock.after(retryMs, () => this.#copy(noted, Math.min(RETRY_MS_MAX, retryMs * 2)));
    });
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay > 0) return;
    const settled = this.#settled;
    this.#settled = [];
    for (const then of settled) then();
  }
}
