/**
 * Copies the audit entries of a room into the audit log of its tenant, once they are durable. A copy that cannot be written
 * is tried again for a while; the room's own log has the entry in any case.
 * Invariant: an entry has one id in the tenant's log, however often it is copied.
 */
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { AUDIT_COPIES_WAITING_MAX } from "../base/limits.ts";
import type { Principal } from "../domain/principal.ts";
import type { AuditEntry } from "../domain/room/audit.ts";
import { AUDIT } from "../domain/room/moderation-items.ts";
import type { RowChange } from "../domain/room/rows.ts";
import type { ShardEnv } from "./shard-env.ts";

export const TENANT_AUDIT = "audit";
const ATTEMPTS_MAX = 5;
const RETRY_MS = 1_000;
const DIGITS = 16;
const PLACE_LENGTH = 12;

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
  #waiting: { readonly seq: Seq; readonly entry: AuditEntry }[] = [];

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    this.#env = env;
    this.#tenant = tenant;
    this.#room = room;
  }

  /** The rows of one event, which is not written yet. */
  note(seq: Seq, rows: readonly RowChange[]): void {
    for (const row of rows) {
      if (row.kind !== "item" || row.collection !== AUDIT || row.value === null) continue;
      if (this.#waiting.length < AUDIT_COPIES_WAITING_MAX) this.#waiting.push({ seq, entry: row.value as AuditEntry });
    }
  }

  committed(upTo: Seq): void {
    if (this.#waiting.length === 0) return;
    const done = this.#waiting.filter(({ seq }) => seq <= upTo);
    this.#waiting = this.#waiting.filter(({ seq }) => seq > upTo);
    for (const { seq, entry } of done) this.#copy(seq, entry, 1);
  }

  #copy(seq: Seq, entry: AuditEntry, attempt: number): void {
    const { projections, clock } = this.#env;
    const id = tenantAuditId(entry.at, this.#room, String(seq).padStart(DIGITS, "0"));
    projections.writeDocument(this.#tenant, TENANT_AUDIT, id, { room: this.#room, ...entry }, 0, (written) => {
      if (written.ok || attempt >= ATTEMPTS_MAX) return;
      clock.after(RETRY_MS * attempt, () => this.#copy(seq, entry, attempt + 1));
    });
  }
}
