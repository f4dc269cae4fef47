/**
 * The room and user actors of one shard: found or made for what comes to them, ended when nobody needs them.
 * Invariant: one activation per address.
 */
import type { Clock } from "../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";
import { ACTIVATIONS_MAX, REQUEST_ATTEMPTS_MAX, ROOM_IDLE_MS_MAX, USER_IDLE_MS_MAX } from "../base/limits.ts";
import { ActorTable } from "./actor-table.ts";
import { type Address, type RoomAddress, roomAddress, type UserAddress, userAddress } from "./address.ts";
import { answerRejection } from "./answers.ts";
import type { ActorMessage } from "./messages.ts";
import type { Request, RoomRequest } from "./request.ts";
import { blocksHeard } from "./room/room-blocks.ts";
import { RoomActor, type RoomMessage } from "./room/room-actor.ts";
import type { ShardEnv } from "./shard-env.ts";
import { UserActor } from "./user/user-actor.ts";

export type MakeRoom = (env: ShardEnv, address: RoomAddress) => RoomActor;

/** How often idle actors are looked for, milliseconds. */
export const SWEEP_MS = 5_000;

export class HostedActors {
  readonly rooms = new ActorTable<RoomId, RoomActor>();
  readonly users = new ActorTable<UserId, UserActor>();
  /** Monotonic time of the present block. */
  nowMs = 0;
  readonly #clock: Clock;
  readonly #env: ShardEnv;
  readonly #makeRoom: MakeRoom;

  constructor(env: ShardEnv, makeRoom: MakeRoom = newRoom) {
    this.#clock = env.clock;
    this.#env = env;
    this.#makeRoom = makeRoom;
  }

  get count(): number {
    return this.rooms.size + this.users.size;
  }

  deliver(request: Request): void {
    const { tenant } = request.by;
    const accepted =
      request.to === "room"
        ? this.#activeRoom(tenant, request)
        : this.user(userAddress(tenant, request.user)).deliver(request);
    if (!accepted) answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: 500 });
  }

  #activeRoom(tenant: TenantId, request: RoomRequest): boolean {
    const active = this.rooms.get(tenant, request.room);
    if (active === undefined && this.count >= ACTIVATIONS_MAX) return false;
    const room = active ?? this.#activate(roomAddress(tenant, request.room));
    room.lastUsedMs = this.nowMs;
    return room.deliver(request);
  }

  room(address: RoomAddress): RoomActor {
    return this.rooms.get(address.tenant, address.id) ?? this.#activate(address);
  }

  #activate(address: RoomAddress): RoomActor {
    const room = this.#makeRoom(this.#env, address);
    room.lastUsedMs = this.#clock.monotonicMs();
    this.rooms.set(address.tenant, address.id, room);
    return room;
  }

  user(address: UserAddress): UserActor {
    let user = this.users.get(address.tenant, address.id);
    if (user === undefined || user.stopped) {
      user = new UserActor(this.#env, address.tenant, address.id);
      this.users.set(address.tenant, address.id, user);
    }
    user.lastUsedMs = this.#clock.monotonicMs();
    return user;
  }

  restart(room: RoomActor, unanswered: readonly RoomRequest[], first: readonly RoomMessage[], failed: boolean): void {
    const address = { kind: "room", tenant: room.tenant, id: room.room } as const;
    if (this.rooms.get(room.tenant, room.room) === room) this.rooms.delete(room.tenant, room.room);
    const again: RoomRequest[] = [];
    for (const request of unanswered) {
      if (failed) request.attempts += 1;
      if (request.attempts < REQUEST_ATTEMPTS_MAX) again.push(request);
      else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: 1_000 });
    }
    if (again.length === 0 && first.length === 0) return;
    const next = this.room(address);
    for (const message of first) next.deliver(message);
    for (const request of again) {
      if (!next.deliver(request)) answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: 500 });
    }
  }

  /** Messages between actors are for those that are active: nobody is woken to be told that somebody types. */
  hand(to: Address, message: ActorMessage): void {
    if (to.kind === "room") {
      const room = this.rooms.get(to.tenant, to.id);
      // A room that has not read its log believes nothing yet, and is not waited for.
      if (message.kind === "blocks_changed" && room?.wasRead !== true) blocksHeard(this.#env, to, message);
      else room?.deliver({ to: "actor", message });
    } else this.users.get(to.tenant, to.id)?.deliver({ to: "actor", message });
  }

  /** The room gave everything on, or has nothing to give. */
  forget(room: RoomActor): void {
    this.rooms.delete(room.tenant, room.room);
  }

  /** Ends what nobody has needed for a while. */
  sweep(): void {
    const now = this.#clock.monotonicMs();
    for (const room of [...this.rooms.values()]) {
      if (!room.isIdle) continue;
      // A name that is no room, or another node's, is not worth keeping; a real one stays for a while.
      const isKept = room.facts !== undefined && this.#env.ownership.isOwn(room.hash);
      if (now - room.lastUsedMs < (isKept ? ROOM_IDLE_MS_MAX : SWEEP_MS)) continue;
      room.passivate();
      this.rooms.delete(room.tenant, room.room);
    }
    for (const user of this.users.values()) {
      if (!user.isIdle || now - user.lastUsedMs < (user.isHere ? USER_IDLE_MS_MAX : SWEEP_MS)) continue;
      user.stop();
      this.users.delete(user.tenant, user.userId);
    }
  }

  /** Ends all of them at once, as a crash would. */
  stop(): void {
    for (const room of this.rooms.values()) room.stop();
    for (const user of this.users.values()) user.stop();
  }
}

function newRoom(env: ShardEnv, address: RoomAddress): RoomActor {
  return new RoomActor(env, address.tenant, address.id);
}
