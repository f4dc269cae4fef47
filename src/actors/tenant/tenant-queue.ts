/**
 * Rooms of a tenant where something waits for a moderator: held messages and open reports, counted. What it is each room says
 * itself, to those who may moderate it.
 * Invariant: direct rooms are never among them.
 */
import type { RoomId } from "../../base/ids.ts";
import { QUEUE_ITEMS_MAX } from "../../base/limits.ts";
import { HELD, type HeldItem, MODERATORS, type ReportItem, REPORTS } from "../../domain/room/moderation-items.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { PersonalItem } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { TenantReply, WaitingRoom } from "../tenant-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";

type Read = ReadResult<readonly PersonalItem[]>;

const RETRY_MS = 500;
/** One more than is counted tells whether there are more. */
const LIMIT = QUEUE_ITEMS_MAX + 1;

/** The asker is an administrator. */
export function answerTenantQueue(env: ShardEnv, request: UserRequest, later: Later): void {
  const { tenant } = request.by;
  const list = (collection: string, done: (read: Read) => void): void =>
    env.projections.personalItems(tenant, MODERATORS, { collection, limit: LIMIT }, later(done));
  const unavailable = (): void => answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  list(HELD, (held) => {
    if (!held.ok) return unavailable();
    list(REPORTS, (reports) => {
      if (!reports.ok) return unavailable();
      answerValue(env, request, queueOf(held.value, reports.value));
    });
  });
}

export function queueOf(
  held: readonly PersonalItem[],
  reports: readonly PersonalItem[],
): Pick<TenantReply, "waiting" | "isCut"> {
  const rooms = new Map<RoomId, WaitingRoom>();
  const add = ({ room, card }: PersonalItem, since: number, kind: "held" | "reports"): void => {
    const { name, type } = card.settings;
    if (type === "direct") return;
    const known = rooms.get(room) ?? { roomId: room, name, type, held: 0, reports: 0, since };
    rooms.set(room, { ...known, [kind]: known[kind] + 1, since: Math.min(known.since, since) });
  };
  // Only `apply` writes there, so they are of these shapes.
  for (const item of held.slice(0, QUEUE_ITEMS_MAX)) add(item, (item.value as HeldItem).heldAt, "held");
  for (const item of reports.slice(0, QUEUE_ITEMS_MAX)) add(item, (item.value as ReportItem).openedAt, "reports");
  const waiting = [...rooms.values()].sort((a, b) => a.since - b.since);
  return { waiting, isCut: held.length > QUEUE_ITEMS_MAX || reports.length > QUEUE_ITEMS_MAX };
}
