/**
 * The rooms of one user: memberships from the user's side, each with its room, corrected by what this shard has not
 * written yet. So within a shard lists lag by nothing, across shards and nodes by the flusher's interval.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { SHARED_ROOMS_LOOKED_AT_MAX } from "../../base/limits.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import { type Marked, readNoIn, type RoomListItem, type RoomListQuery } from "../projections.ts";
import type { ApiResult } from "./dynamo-api.ts";
import type { PendingLog, PendingRows, Versioned } from "./pending-rows.ts";
import type { Membership, RoomRow, RowStore } from "./row-store.ts";
import { hidesArchived, isInScope } from "../room-filter.ts";

interface Own {
  readonly incarnation: number;
  readonly member: Versioned<MemberRow | null> | undefined;
  readonly mark: Marked | undefined;
}

export class RoomListReader {
  readonly #rows: RowStore;
  readonly #pending: PendingRows;

  constructor(rows: RowStore, pending: PendingRows) {
    this.#rows = rows;
    this.#pending = pending;
  }

  /** In no order. */
  async itemsOf({
    tenant,
    userId: user,
    scope,
    archived,
  }: Pick<RoomListQuery, "tenant" | "userId" | "scope" | "archived">): Promise<ApiResult<readonly RoomListItem[]>> {
    const hides = hidesArchived({ scope, ...(archived && { archived }) });
    // Looked at before the table: what is written meanwhile is found there.
    const pending = this.#pendingOf(tenant, user);
    const [memberships, others] = await Promise.all([
      this.#rows.memberships(tenant, user),
      scope === "member" ? NONE : this.#rows.listedRooms(tenant, scope),
    ]);
    if (!memberships.ok) return memberships;
    if (!others.ok) return others;
    const own = newestOf(memberships.value);
    const wanted = new Set<RoomId>([...own.keys(), ...others.value, ...pending.keys()]);
    const rooms = await this.#rows.rooms(tenant, wanted);
    if (!rooms.ok) return rooms;
    const items: RoomListItem[] = [];
    for (const room of wanted) {
      const item = itemOf(room, corrected(rooms.value.get(room), pending.get(room)), own, pending.get(room));
      if (item === undefined) continue;
      const { type, isArchived } = item.card.settings;
      if (item.member === undefined && (!isInScope(scope, type) || (hides && isArchived === true))) continue;
      items.push(item);
    }
    return { ok: true, value: items };
  }

  /** For each of the others the rooms that they share with the user. */
  async shared(
    tenant: TenantId,
    user: UserId,
    others: readonly UserId[],
    limit: number,
  ): Promise<ApiResult<readonly (readonly RoomId[])[]>> {
    const [own, ...theirs] = await Promise.all([user, ...others].map((one) => this.#memberOf(tenant, one)));
    if (own === undefined || !own.ok) return own ?? NONE_SHARED;
    const common: [RoomId, number][][] = [];
    for (const other of theirs) {
      if (!other.ok) return other;
      common.push([...other.value].filter(([room, incarnation]) => own.value.get(room) === incarnation));
    }
    const named = new Set(common.flatMap((rooms) => rooms.map(([room]) => room)));
    const rooms = await this.#rows.rooms(tenant, named);
    if (!rooms.ok) return rooms;
    // A membership may be of a room that was deleted or made anew since.
    const isNow = ([name, incarnation]: [RoomId, number]): boolean => {
      const room = rooms.value.get(name);
      return room === undefined || (room.incarnation === incarnation && room.card?.value.deletedAt === undefined);
    };
    const value = common.map((found) =>
      found
        .filter(isNow)
        .slice(0, limit)
        .map(([room]) => room),
    );
    return { ok: true, value };
  }

  /** The rooms that a person is a member of, with their incarnations. */
  async #memberOf(tenant: TenantId, user: UserId): Promise<ApiResult<ReadonlyMap<RoomId, number>>> {
    const pending = this.#pendingOf(tenant, user);
    const memberships = await this.#rows.memberships(tenant, user);
    if (!memberships.ok) return memberships;
    const own = newestOf(memberships.value);
    const rooms = new Map<RoomId, number>();
    for (const room of new Set([...own.keys(), ...pending.keys()])) {
      if (rooms.size >= SHARED_ROOMS_LOOKED_AT_MAX) break;
      if (pending.get(room)?.card?.value.deletedAt !== undefined) continue;
      const [stored, waiting] = [own.get(room), pending.get(room)];
      const isWaiting = waiting !== undefined && waiting.incarnation >= (stored?.incarnation ?? 0);
      const known = stored?.incarnation === waiting?.incarnation || !isWaiting ? stored?.member : undefined;
      const member = newer(isWaiting ? waiting.member : undefined, known);
      const incarnation = isWaiting ? waiting.incarnation : stored?.incarnation;
      if (member?.value != null && incarnation !== undefined) rooms.set(room, incarnation);
    }
    return { ok: true, value: rooms };
  }

  /** As they are now: the logs themselves go on changing. */
  #pendingOf(tenant: TenantId, user: UserId): ReadonlyMap<RoomId, PendingOwn> {
    const found = new Map<RoomId, PendingOwn>();
    for (const [room, log] of this.#pending.rooms(tenant)) {
      const { key, activity, card, members } = log;
      found.set(room, { incarnation: key.incarnation, activity, card, member: members.get(user) });
    }
    return found;
  }
}

/** What of a pending log matters for one user's list. */
interface PendingOwn extends Pick<PendingLog, "activity" | "card"> {
  readonly incarnation: number;
  readonly member: Versioned<MemberRow | null> | undefined;
}

const NONE_SHARED: ApiResult<readonly (readonly RoomId[])[]> = { ok: true, value: [] };
const NONE: ApiResult<readonly RoomId[]> = { ok: true, value: [] };

function newestOf(memberships: readonly Membership[]): ReadonlyMap<RoomId, Own> {
  const newest = new Map<RoomId, Own>();
  for (const { room, incarnation, member, mark } of memberships) {
    const known = newest.get(room);
    if (known === undefined || known.incarnation < incarnation) newest.set(room, { incarnation, member, mark });
  }
  return newest;
}

/** The room as it is, when something newer waits to be written. */
function corrected(row: RoomRow | undefined, pending: PendingOwn | undefined): RoomRow | undefined {
  if (pending === undefined || (row !== undefined && row.incarnation > pending.incarnation)) return row;
  const former = row?.incarnation === pending.incarnation ? row : undefined;
  const { activity, card } = pending;
  const isAhead = activity !== undefined && activity.head > (former?.head ?? 0);
  return {
    incarnation: pending.incarnation,
    head: isAhead ? activity.head : (former?.head ?? 0),
    messageCount: isAhead ? activity.messageCount : (former?.messageCount ?? 0),
    lastActivity: isAhead ? activity.timestamp : (former?.lastActivity ?? 0),
    card: newer(card, former?.card),
  };
}

/** `undefined` while the room has no card, and when it was deleted. */
function itemOf(
  roomId: RoomId,
  row: RoomRow | undefined,
  own: ReadonlyMap<RoomId, Own>,
  pending: PendingOwn | undefined,
): RoomListItem | undefined {
  if (row?.card === undefined || row.card.value.deletedAt !== undefined) return undefined;
  const stored = own.get(roomId);
  const mine = stored?.incarnation === row.incarnation ? stored : undefined;
  const member = newer(pending?.incarnation === row.incarnation ? pending.member : undefined, mine?.member);
  return {
    roomId,
    card: row.card.value,
    head: row.head,
    messageCount: row.messageCount,
    lastActivity: row.lastActivity,
    member: member?.value ?? undefined,
    readSeq: mine?.mark?.readSeq ?? 0,
    readNo: readNoIn(mine?.mark, row.card.value),
  };
}

function newer<Value>(a: Versioned<Value> | undefined, b: Versioned<Value> | undefined): Versioned<Value> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.version >= b.version ? a : b;
}
