/**
 * A room's figures of the last 24 hours, counted from its log page by page, each page a call of the room; and what the room
 * knows anyhow: members, who is there, who has not read the last message. Nothing of it is kept anywhere.
 */
import type { ModerationReply } from "../../actors/moderation-calls.ts";
import type { RoomId, Seq, UserId } from "../../base/ids.ts";
import { ROOM_FIGURES_EVENTS_MAX, ROOM_FIGURES_WRITERS_MAX } from "../../base/limits.ts";
import { ok, type Result } from "../../base/result.ts";
import { DAY_MS, HOUR_MS } from "../../base/days.ts";
import { busiest } from "../../domain/figures.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { iso } from "../rest/views.ts";

export interface RoomFigures {
  readonly roomId: RoomId;
  readonly messageCount: number;
  readonly memberCount: number;
  /** Members who are there now. */
  readonly present: number;
  /** Members who have not read the last message; `null` while nobody has written. */
  readonly unreadMembers: number | null;
  readonly last24Hours: {
    readonly messages: number;
    readonly writers: number;
    readonly hours: readonly { readonly at: string; readonly messages: number }[];
    /** Those who wrote most. */
    readonly busiest: readonly { readonly userId: string; readonly messages: number }[];
    /** The room had more events than are looked at. */
    readonly isCut: boolean;
  };
}

export async function roomFigures(
  engine: Engine,
  principal: Principal,
  room: RoomId,
  nowMs: number,
): Promise<Result<RoomFigures, Rejection>> {
  const hours = new Map<number, number>();
  const writers = new Map<UserId, number>();
  const sinceMs = nowMs - DAY_MS;
  let [events, messageCount] = [0, 0];
  let lastSeq: Seq | undefined;
  let before: Seq | undefined;
  do {
    const ask = { list: "figures", sinceMs, ...(before === undefined ? {} : { before }) } as const;
    const page: Result<ModerationReply, Rejection> = await engine.call(principal, {
      to: "room",
      room,
      kind: "moderation",
      ask,
    });
    if (!page.ok) return page;
    for (const [hour, messages] of page.value.hours ?? []) hours.set(hour, (hours.get(hour) ?? 0) + messages);
    for (const [writer, messages] of page.value.writers ?? [])
      writers.set(writer, (writers.get(writer) ?? 0) + messages);
    events += page.value.events ?? 0;
    if (before === undefined) messageCount = page.value.messageCount ?? 0;
    lastSeq ??= page.value.lastMessageSeq;
    before = page.value.nextBefore;
  } while (before !== undefined && events < ROOM_FIGURES_EVENTS_MAX);
  const place = await placeOf(engine, principal, room, lastSeq);
  if (!place.ok) return place;
  const sorted = [...hours].sort(([a], [b]) => a - b);
  return ok({
    roomId: room,
    messageCount,
    ...place.value,
    last24Hours: {
      messages: sorted.reduce((sum, [, messages]) => sum + messages, 0),
      writers: writers.size,
      hours: sorted.map(([hour, messages]) => ({ at: iso(hour * HOUR_MS), messages })),
      busiest: busiest([...writers], ROOM_FIGURES_WRITERS_MAX).map(([userId, messages]) => ({ userId, messages })),
      isCut: before !== undefined,
    },
  });
}

async function placeOf(
  engine: Engine,
  principal: Principal,
  room: RoomId,
  lastSeq: Seq | undefined,
): Promise<Result<Pick<RoomFigures, "memberCount" | "present" | "unreadMembers">, Rejection>> {
  const [view, present] = await Promise.all([
    engine.call(principal, { to: "room", room, kind: "get_room" }),
    engine.call(principal, { to: "room", room, kind: "present", limit: 1 }),
  ]);
  if (!view.ok) return view;
  if (!present.ok) return present;
  const known = { memberCount: view.value.room.memberCount, present: present.value.count };
  if (lastSeq === undefined) return ok({ ...known, unreadMembers: null });
  const call = { to: "room", room, kind: "receipts", seq: lastSeq, state: "pending", limit: 1 } as const;
  const seen = await engine.call(principal, call);
  if (!seen.ok) return seen.error.code === "message_not_found" ? ok({ ...known, unreadMembers: null }) : seen;
  return ok({ ...known, unreadMembers: seen.value.members - seen.value.readBy });
}
