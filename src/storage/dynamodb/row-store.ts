/**
 * The items of the rooms table that follow from logs: members (once for the room, once for the user), overlays, rooms.
 * Every write has the condition that it is newer than what stands there, so late and repeated ones do no harm; rows that
 * are gone leave their version behind, so that nothing older brings them back. (A batch write has no conditions: a node
 * that was paused could put an expelled member back with it. It costs the same.)
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type { IdRange } from "../item-page.ts";
import type { LogKey, RoomCard } from "../journal.ts";
import { type Marked, READ_AGAIN } from "../projections.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { binary, bytesIn, fromJsonBytes, type Item, jsonBytes, keyOf, number, numberIn, textIn } from "./items.ts";
import {
  allRoomsPartition,
  listingKeys,
  memberKey,
  membershipKey,
  membersPartition,
  overlayKey,
  publicPartition,
  roomKey,
  roomOfMembership,
  seqKey,
  userPartition,
} from "./keys.ts";
import type { ItemStore } from "./item-store.ts";
import type { PendingWrites, Versioned } from "./pending-rows.ts";
import type { VersionedValues } from "./versioned-values.ts";
import { isDiscoverable } from "../room-filter.ts";

/** The newest incarnation of a room, as lists show it; all rows of segments up to `head` are in the table. */
export interface RoomRow {
  readonly incarnation: number;
  readonly head: Seq;
  readonly messageCount: number;
  readonly lastActivity: number;
  readonly card: Versioned<RoomCard> | undefined;
}

/** One room from a user's side. */
export interface Membership {
  readonly room: RoomId;
  readonly incarnation: number;
  readonly member: Versioned<MemberRow | null>;
  readonly mark: Marked | undefined;
}

export interface MemberPage {
  readonly rows: readonly (readonly [UserId, Versioned<MemberRow | null>])[];
  /** All members up to here were looked at; `undefined`: up to the end. */
  readonly through: UserId | undefined;
}

const OVERLAY = "overlay";

export class RowStore {
  readonly #api: DynamoApi;
  readonly #table: string;
  readonly #values: VersionedValues;
  readonly #items: ItemStore;

  constructor(api: DynamoApi, table: string, values: VersionedValues, items: ItemStore) {
    this.#api = api;
    this.#table = table;
    this.#values = values;
    this.#items = items;
  }

  // ---------------------------------------------------------------------------------------------- members

  async members(
    log: LogKey,
    users: readonly UserId[],
  ): Promise<ApiResult<ReadonlyMap<UserId, Versioned<MemberRow | null>>>> {
    const keys = [...new Set(users)].map((user) => memberKey(log, user));
    const read = await this.#api.getAll(this.#table, keys);
    return read.ok ? { ok: true, value: new Map(read.value.map(memberIn)) } : read;
  }

  /** One page of a range of ids, absences included. */
  async memberPage(
    log: LogKey,
    { from, to }: IdRange,
    after: UserId | undefined,
    limit: number,
  ): Promise<ApiResult<MemberPage>> {
    const pk = membersPartition(log);
    const start = after === undefined ? undefined : keyOf({ pk, sk: after });
    const page = await this.#api.query({ table: this.#table, pk, from, to, limit, start });
    if (!page.ok) return page;
    const { items, next } = page.value;
    const through = next === undefined ? undefined : (textIn(next, "sk") as UserId | undefined);
    return { ok: true, value: { rows: items.map(memberIn), through } };
  }

  async memberships(tenant: TenantId, user: UserId): Promise<ApiResult<readonly Membership[]>> {
    const read = await this.#api.queryAll({ table: this.#table, pk: userPartition(tenant, user) });
    return read.ok ? { ok: true, value: read.value.map(membershipOf) } : read;
  }

  /** Of one room: its members' items on the users' side, where the marks are. */
  async marks(log: LogKey, users: readonly UserId[]): Promise<ApiResult<ReadonlyMap<UserId, Marked>>> {
    const keys = new Map(users.map((user) => [membershipKey(log, user).pk, user]));
    const read = await this.#api.getAll(
      this.#table,
      [...keys.values()].map((user) => membershipKey(log, user)),
    );
    if (!read.ok) return read;
    const marks = new Map<UserId, Marked>();
    for (const item of read.value) {
      const user = keys.get(textIn(item, "pk") ?? "");
      const mark = markIn(item);
      if (user !== undefined && mark !== undefined) marks.set(user, mark);
    }
    return { ok: true, value: marks };
  }

  /** Writes the marks if nothing would go back, by the rule of `mergeMarks`; `condition` otherwise. */
  async writeMark(log: LogKey, user: UserId, mark: Marked): Promise<ApiResult<unknown>> {
    const { unreadFrom } = mark;
    const places = {
      ":read": number(mark.readSeq),
      ":no": number(mark.readNo),
      ":delivered": number(mark.deliveredSeq),
    };
    const forward = "(readSeq < :read AND deliveredSeq <= :delivered)";
    const same = "readSeq = :read AND readNo = :no AND deliveredSeq";
    const change =
      unreadFrom === undefined
        ? {
            expression: "SET readSeq = :read, readNo = :no, deliveredSeq = :delivered",
            condition:
              `attribute_not_exists(unreadVersion) AND` +
              ` (attribute_not_exists(readSeq) OR ${forward} OR (${same} < :delivered))`,
            values: places,
          }
        : {
            expression:
              "SET readSeq = :read, readNo = :no, deliveredSeq = :delivered," +
              " unreadVersion = :version, unreadSeq = :from, unreadNo = :fromNo",
            condition:
              `attribute_not_exists(readSeq) OR ((${forward} OR (${same} <= :delivered)) AND` +
              " (attribute_not_exists(unreadVersion) OR unreadVersion < :version OR" +
              " (unreadVersion = :version AND (unreadSeq <= :from OR readSeq < :read))))",
            values: {
              ...places,
              ":version": number(unreadFrom.version),
              ":from": number(unreadFrom.seq),
              ":fromNo": number(unreadFrom.no),
            },
          };
    return this.#api.update(this.#table, membershipKey(log, user), change, "user");
  }

  async #writeMember(log: LogKey, user: UserId, row: Versioned<MemberRow | null>): Promise<ApiResult<unknown>> {
    const change = memberChange(row);
    const results = await Promise.all([
      this.#api.update(this.#table, memberKey(log, user), change, "background"),
      this.#api.update(this.#table, membershipKey(log, user), change, "background"),
    ]);
    return allWritten(results);
  }

  // ---------------------------------------------------------------------------------------------- overlays

  async overlays(log: LogKey, seqs: readonly Seq[]): Promise<ApiResult<ReadonlyMap<Seq, Versioned<MessageOverlay>>>> {
    const keys = [...new Set(seqs)].map((seq) => overlayKey(log, seq));
    const read = await this.#api.getAll(this.#table, keys);
    if (!read.ok) return read;
    const overlays = new Map<Seq, Versioned<MessageOverlay>>();
    for (const item of read.value) {
      const row = await this.#values.load<MessageOverlay>(log, item, OVERLAY);
      if (!row.ok) return row;
      const { version, value } = row.value;
      if (value !== null) overlays.set(Number(textIn(item, "sk")), { version, value });
    }
    return { ok: true, value: overlays };
  }

  #writeOverlay(log: LogKey, seq: Seq, row: Versioned<MessageOverlay>): Promise<ApiResult<unknown>> {
    return this.#values.write(
      log,
      { key: overlayKey(log, seq), name: OVERLAY, partsId: `overlay.${seqKey(seq)}` },
      row,
    );
  }

  // ---------------------------------------------------------------------------------------------- rooms

  async room(tenant: TenantId, room: RoomId): Promise<ApiResult<RoomRow | undefined>> {
    const got = await this.#api.get(this.#table, roomKey(tenant, room));
    return got.ok ? { ok: true, value: got.value && roomIn(got.value) } : got;
  }

  async rooms(tenant: TenantId, rooms: Iterable<RoomId>): Promise<ApiResult<ReadonlyMap<RoomId, RoomRow>>> {
    const byKey = new Map<string, RoomId>();
    for (const room of rooms) byKey.set(roomKey(tenant, room).pk, room);
    const keys = [...byKey.values()].map((room) => roomKey(tenant, room));
    const read = await this.#api.getAll(this.#table, keys);
    if (!read.ok) return read;
    const found = new Map<RoomId, RoomRow>();
    for (const item of read.value) {
      const room = byKey.get(textIn(item, "pk") ?? "");
      if (room !== undefined) found.set(room, roomIn(item));
    }
    return { ok: true, value: found };
  }

  /** Rooms that are or were discoverable, or all that are not direct. */
  async listedRooms(tenant: TenantId, scope: "visible" | "all"): Promise<ApiResult<readonly RoomId[]>> {
    const pk = scope === "all" ? allRoomsPartition(tenant) : publicPartition(tenant);
    const read = await this.#api.queryAll({ table: this.#table, pk });
    return read.ok ? { ok: true, value: read.value.map((item) => textIn(item, "sk") as RoomId) } : read;
  }

  /** The rows of members, messages and items; in any order, since each stands for itself. */
  async writeRows(log: LogKey, { members, overlays, items, card }: PendingWrites): Promise<ApiResult<unknown>> {
    const writes: Promise<ApiResult<unknown>>[] = [];
    for (const [user, row] of members) writes.push(this.#writeMember(log, user, row));
    for (const [seq, row] of overlays) writes.push(this.#writeOverlay(log, seq, row));
    for (const [key, row] of items) writes.push(this.#items.write(log, key, row));
    const type = card?.value.settings.type;
    if (card !== undefined && type !== undefined && type !== "direct") {
      const keys = listingKeys(log.tenant, log.room, isDiscoverable(type)).map(keyOf);
      const hints = keys.map((key) =>
        card.value.deletedAt === undefined ? { PutRequest: { Item: key } } : { DeleteRequest: { Key: key } },
      );
      writes.push(this.#api.writeAll(this.#table, hints, "background"));
    }
    return allWritten(await Promise.all(writes));
  }

  /**
   * Moves the room forward to the written activity, if all rows up to `writes.before` are known to be there; `condition`
   * otherwise. `isFirst`: nothing of this incarnation can be there, an older one gives way.
   */
  async writeRoom(log: LogKey, writes: PendingWrites, isFirst: boolean): Promise<ApiResult<unknown>> {
    const { before, activity, card } = writes;
    if (activity === undefined) return { ok: true, value: true };
    const cardChange = ", card = :card, cardVersion = :version";
    const cardOfFormer = isFirst ? " REMOVE card, cardVersion" : "";
    const values: Item = {
      ":incarnation": number(log.incarnation),
      ":head": number(activity.head),
      ":count": number(activity.messageCount),
      ":time": number(activity.timestamp),
      ...(!isFirst && { ":before": number(before) }),
      ...(card !== undefined && { ":card": binary(jsonBytes(card.value)), ":version": number(card.version) }),
    };
    const change = {
      expression:
        "SET incarnation = :incarnation, head = :head, messageCount = :count, lastActivity = :time" +
        (card === undefined ? cardOfFormer : cardChange),
      condition: isFirst
        ? "attribute_not_exists(pk) OR incarnation < :incarnation"
        : "incarnation = :incarnation AND head < :head AND head >= :before",
      values,
    };
    return this.#api.update(this.#table, roomKey(log.tenant, log.room), change, "background");
  }
}

interface NewerChange {
  readonly expression: string;
  readonly condition: string;
  readonly values: Item;
}

function memberChange({ version, value }: Versioned<MemberRow | null>): NewerChange {
  return {
    expression: value === null ? "SET version = :version REMOVE memberRow" : "SET version = :version, memberRow = :row",
    condition: "attribute_not_exists(version) OR version < :version",
    values: { ":version": number(version), ...(value !== null && { ":row": binary(jsonBytes(value)) }) },
  };
}

function allWritten(results: readonly ApiResult<unknown>[]): ApiResult<unknown> {
  const failed = results.find((result) => !result.ok && result.error !== "condition");
  return failed ?? { ok: true, value: true };
}

function versionIn(item: Item): Seq {
  return numberIn(item, "version") ?? 0;
}

function memberIn(item: Item): readonly [UserId, Versioned<MemberRow | null>] {
  return [textIn(item, "sk") as UserId, versionedMember(item)];
}

function versionedMember(item: Item): Versioned<MemberRow | null> {
  const bytes = bytesIn(item, "memberRow");
  return { version: versionIn(item), value: bytes === undefined ? null : fromJsonBytes<MemberRow>(bytes) };
}

function membershipOf(item: Item): Membership {
  return { ...roomOfMembership(textIn(item, "sk") ?? ""), member: versionedMember(item), mark: markIn(item) };
}

function markIn(item: Item): Marked | undefined {
  const readSeq = numberIn(item, "readSeq");
  if (readSeq === undefined) return undefined;
  const marked = { readSeq, readNo: numberIn(item, "readNo") ?? 0, deliveredSeq: numberIn(item, "deliveredSeq") ?? 0 };
  const version = numberIn(item, "unreadVersion");
  if (version === undefined) return marked;
  const seq = numberIn(item, "unreadSeq") ?? READ_AGAIN;
  return { ...marked, unreadFrom: { version, seq, no: numberIn(item, "unreadNo") ?? READ_AGAIN } };
}

function roomIn(item: Item): RoomRow {
  const card = bytesIn(item, "card");
  return {
    incarnation: numberIn(item, "incarnation") ?? 0,
    head: numberIn(item, "head") ?? 0,
    messageCount: numberIn(item, "messageCount") ?? 0,
    lastActivity: numberIn(item, "lastActivity") ?? 0,
    card: card === undefined ? undefined : { version: numberIn(item, "cardVersion") ?? 0, value: fromJsonBytes(card) },
  };
}
