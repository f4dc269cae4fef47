/**
 * Runs a room's domain code as its actor does, against a store made of Maps: commands are decided on the tentative state,
 * events become rows, rows become visible to reads when they are committed.
 */
import { type ItemKey, itemKey, type Seq, type TenantId, type UserId } from "../../../../src/base/ids.ts";
import type { TenantModeration } from "../../../../src/domain/moderation/rules.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import { decide } from "../../../../src/domain/room/decide.ts";
import type { Decision, RowKeys } from "../../../../src/domain/room/decision.ts";
import { type CacheBounds, emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import type { DomainEvent, LogEvent, RoomSettings } from "../../../../src/domain/room/events.ts";
import { evictRows, learnRows, messageRowOf } from "../../../../src/domain/room/message-rows.ts";
import { type RoomCard, type RowChange, rowChanges } from "../../../../src/domain/room/rows.ts";
import type { ItemValue, MemberRow, MessageOverlay, RoomState } from "../../../../src/domain/room/state.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";

export const MESSAGE_LENGTH_MAX = 50;
export const START_MS = 1_700_000_000_000;

export function user(id: string, role: Principal["role"] = "user"): Principal {
  return { tenant: "t" as TenantId, userId: id as UserId, name: `Name of ${id}`, role };
}

export function settingsOf(type: RoomType, changes: Partial<RoomSettings> = {}): RoomSettings {
  const maxMembers = type === "direct" ? 2 : 50;
  return { type, name: `a ${type} room`, maxMembers, allowInvites: false, ...changes };
}

/** Everything in a state that must be the same however it came about. Caches are left out: they only save reads. */
export function digest(state: RoomState): unknown {
  const { members: _members, messages: _messages, items: _items, recent: _recent, window, ...plain } = state;
  return { ...plain, floor: window.floor, window: window.toBytes().toHex() };
}

export type Settled = Exclude<Decision, { kind: "need" | "consult" }>;

export class RoomDriver {
  now = START_MS;
  tenant: TenantModeration | undefined;
  state: RoomState;
  /** Committed events. */
  readonly log: LogEvent[] = [];
  readonly memberRows = new Map<UserId, MemberRow>();
  readonly itemRows = new Map<ItemKey, ItemValue>();
  readonly overlays = new Map<Seq, MessageOverlay>();
  card: RoomCard | undefined;
  /** Where messages stand, committed or not. */
  readonly messageSeqs: Seq[] = [];
  /** Reads of rows that commands had to wait for. */
  reads = 0;
  /** Told of every group of events that is committed, with their rows. */
  committed: ((events: readonly LogEvent[], rows: readonly RowChange[]) => void) | undefined;
  /** Off: events stay uncommitted until `commit`. */
  autoCommit = true;
  readonly #uncommitted: { readonly event: LogEvent; readonly rows: readonly RowChange[] }[] = [];
  #clientIds = 0;

  constructor(bounds?: CacheBounds) {
    this.state = emptyRoomState(bounds);
  }

  nextClientId(): string {
    this.#clientIds += 1;
    return `c${this.#clientIds}`;
  }

  /** Decides, reading rows as asked; writes what was accepted. */
  run(command: RoomCommand): Settled {
    for (;;) {
      const decision = decide(this.state, command, {
        now: this.now,
        messageLengthMax: MESSAGE_LENGTH_MAX,
        tenant: this.tenant,
        assistant: "present",
        unsaved: () => "more ",
        // The same for the same place in the log, so that conversations can be compared.
        token: () => `token${this.state.head}`,
      });
      if (decision.kind === "need") {
        this.#read(decision.keys);
        continue;
      }
      if (decision.kind === "consult") throw new Error("no hook is there to be asked");
      if (decision.kind === "accept") for (const event of decision.events) this.write(event);
      return decision;
    }
  }

  /** Applies an event as if it had been decided. */
  write(event: LogEvent): void {
    apply(this.state, event);
    if (event.kind === "message_sent") this.messageSeqs.push(event.seq);
    const rows = rowChanges(this.state, event);
    this.#uncommitted.push({ event, rows });
    if (this.autoCommit) this.commit();
  }

  commit(): void {
    const group = this.#uncommitted.splice(0);
    for (const { event, rows } of group) {
      this.log.push(event);
      for (const row of rows) this.#store(row);
    }
    if (group.length > 0) {
      this.committed?.(
        group.map(({ event }) => event),
        group.flatMap(({ rows }) => rows),
      );
    }
    evictRows(this.state, this.log.length);
  }

  /** A room of this type with an owner, an admin, a moderator and members, named after their roles. */
  populate(settings: RoomSettings, roles: Readonly<Record<string, MemberRow["role"]>>): void {
    const by = Object.keys(roles)[0] as UserId;
    this.write({ kind: "room_created", seq: this.state.head + 1, timestamp: this.now, by, settings });
    for (const [id, role] of Object.entries(roles)) {
      const userId = id as UserId;
      this.write({ kind: "member_joined", seq: this.state.head + 1, timestamp: this.now, by, userId, role });
    }
  }

  #store(row: RowChange): void {
    switch (row.kind) {
      case "room":
        this.card = row.card;
        return;
      case "item": {
        const key = itemKey(row.collection, row.id);
        if (row.value === null) this.itemRows.delete(key);
        else this.itemRows.set(key, row.value);
        return;
      }
      case "message":
        this.overlays.set(row.seq, row.overlay);
        return;
      case "member":
        if (row.row === null) this.memberRows.delete(row.userId);
        else this.memberRows.set(row.userId, row.row);
    }
  }

  #read(keys: RowKeys): void {
    this.reads += 1;
    learnRows(this.state, {
      members: keys.members.map((userId) => [userId, this.memberRows.get(userId) ?? null]),
      messages: keys.messages.map((seq) => {
        const event = this.state.recent.get(seq) ?? this.log[seq - 1];
        return [seq, messageRowOf(event, this.overlays.get(seq) ?? null)];
      }),
      items: (keys.items ?? []).map((key) => [key, this.itemRows.get(key) ?? null]),
    });
  }
}

/** The events of an accepted command; anything else fails the test with what was answered. */
export function accepted(decision: Settled): readonly DomainEvent[] {
  if (decision.kind !== "accept") throw new Error(`not accepted: ${JSON.stringify(decision)}`);
  return decision.events;
}

/** The code, and the field if there is one, of a rejected command. */
export function rejection(decision: Settled): string {
  if (decision.kind !== "reject") throw new Error(`not rejected: ${JSON.stringify(decision)}`);
  const { code, field } = decision.rejection;
  return field === undefined ? code : `${code} ${field}`;
}
