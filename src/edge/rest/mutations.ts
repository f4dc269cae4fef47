/** How REST changes rooms: idempotency keys, what a change is answered with, and the ids and settings of new rooms. */
import { DIRECT_ROOMS, directRoomId, fingerprint } from "../../actors/address.ts";
import type { Call, MutationReply } from "../../actors/calls.ts";
import { parseId, type RoomId, type Seq, type TenantId, type UserId } from "../../base/ids.ts";
import { type Random, SystemRandom } from "../../base/prng.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { RoomSettings } from "../../domain/room/events.ts";
import { type NewRoomSettings, settingsOfNewRoom } from "../../domain/room/new-room.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { iso } from "./views.ts";

type RoomCommand = Extract<Call, { kind: "mutate" }>["command"];

/** What every mutation takes from the request. */
export interface MutationInput {
  readonly headers: { readonly "idempotency-key"?: string | undefined };
  readonly body: { readonly clientId?: string | undefined; readonly knownSeq?: Seq | undefined } | undefined;
}

export interface Idempotency {
  readonly clientId: string;
  readonly knownSeq?: Seq;
}

const RANDOM: Random = new SystemRandom();

/** The client's own key (body before header), or a new one: then a retry is another request. */
export function idempotencyOf({ headers, body }: MutationInput, random: Random = RANDOM): Idempotency {
  return {
    clientId: body?.clientId ?? headers["idempotency-key"] ?? `rest:${random.token(20)}`,
    ...(body?.knownSeq === undefined ? {} : { knownSeq: body.knownSeq }),
  };
}

export function mutate(
  engine: Engine,
  principal: Principal,
  room: RoomId,
  command: RoomCommand,
): Promise<Result<MutationReply, Rejection>> {
  return engine.call(principal, { to: "room", room, kind: "mutate", command });
}

/** What every change is answered with: its place in the room's log, and whether it had been made before. */
export function mutationJson({ seq, timestamp, duplicate }: MutationReply) {
  return { seq, timestamp: iso(timestamp), duplicate };
}

/** A repeated request is answered as the first one was, but nothing was made now, nor where it was there already: 200. */
export function createdStatus({ duplicate, seq }: MutationReply): number {
  return duplicate || seq === 0 ? 200 : 201;
}

/** Of a room that is to be made; absent fields get their defaults. */
export interface NewRoom extends NewRoomSettings {
  readonly roomId?: RoomId | undefined;
  readonly participants?: readonly UserId[] | undefined;
}

/** The settings of a new room. Over REST a room has a name, unless its two people name it. */
export function settingsOf(room: NewRoom): Result<RoomSettings, Rejection> {
  const settings = settingsOfNewRoom(room);
  if (room.name === undefined && settings.type !== "direct") return err({ code: "missing_field", field: "name" });
  return ok(settings);
}

/**
 * The id of a new room. It depends on the idempotency key, so that a retry makes the same room; that of a direct room
 * depends on its two people, so that there is one per pair, and nobody else takes its name before them.
 */
export function newRoomId(tenant: TenantId, by: UserId, room: NewRoom, clientId: string): Result<RoomId, Rejection> {
  const made = madeRoomId(tenant, by, room, clientId);
  if (room.roomId === ANNOUNCEMENTS_ROOM) {
    const message = "This is the room of the tenant's announcements.";
    return err({ code: "invalid_field", field: "roomId", message });
  }
  if (room.roomId === undefined || room.roomId === made) return ok(made);
  if (room.type !== "direct" && !room.roomId.startsWith(DIRECT_ROOMS)) return ok(room.roomId);
  const message = "The id of a direct room is made of its two people, and no other room has such an id.";
  return err({ code: "invalid_field", field: "roomId", message });
}

/** Made by the first announcement of a tenant, and by nobody else. */
export const ANNOUNCEMENTS_ROOM = "tenant_announcements" as RoomId;

function madeRoomId(tenant: TenantId, by: UserId, room: NewRoom, clientId: string): RoomId {
  const others = room.type === "direct" ? new Set(room.participants) : new Set<UserId>();
  others.delete(by);
  const [other] = others;
  // With more than one other person it is no room of two, and is refused.
  const name =
    other === undefined || others.size > 1
      ? `room_${fingerprint([tenant, by, clientId])}`
      : directRoomId(tenant, by, other);
  const id = parseId<RoomId>(name);
  if (id === undefined) throw new Error(`a made room id is not acceptable: ${name}`);
  return id;
}
