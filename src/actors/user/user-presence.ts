/**
 * One person's presence as their actor keeps it: the domain's steps, the timers that they ask for, and which rooms are told.
 * Invariant: rooms hear from here alone how the person wishes to be seen.
 */
import type { Timer } from "../../base/clock.ts";
import type { ConnectionId, RoomId, TenantId } from "../../base/ids.ts";
import { SHARED_ROOMS_SHOWN_MAX } from "../../base/limits.ts";
import {
  deviceOf,
  emptyPresence,
  isIdle,
  type PresenceCommand,
  type PresenceEffect,
  type PresenceState,
  presenceRow,
  stepPresence,
  visibleStatus,
} from "../../domain/user/presence.ts";
import type { UserRow } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { type RoomAddress, roomAddress } from "../address.ts";
import type { PresenceView } from "../calls.ts";
import type { ShardConnection } from "../connections.ts";
import type { PresenceWish } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { UserProfile } from "./user-profile.ts";

/** The actor, as far as presence has to do with it. */
export interface PresenceOwner {
  readonly tenant: TenantId;
  readonly profile: UserProfile;
  /** By the present view; otherwise another node has, or is about to have, an actor of this user. */
  readonly isHere: boolean;
  readonly connectionCount: number;
  save(): void;
  readonly later: Later;
}

export class UserPresence {
  readonly #env: ShardEnv;
  readonly #owner: PresenceOwner;
  #state: PresenceState = emptyPresence();
  #graceTimer: Timer | undefined;
  /** Of a custom status that ends. */
  #customStatusTimer: Timer | undefined;

  constructor(env: ShardEnv, owner: PresenceOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return isIdle(this.#state);
  }

  /** This part of the person's row. */
  get row(): ReturnType<typeof presenceRow> {
    return presenceRow(this.#state);
  }

  load(row: UserRow | undefined): void {
    const now = this.#env.clock.wallMs();
    const { status = "online", customStatus, customStatusUntil, lastSeen = now } = row ?? {};
    const custom = {
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
    };
    this.#state = emptyPresence({ status, lastSeen, ...custom }, now);
    if (customStatusUntil !== undefined) this.#awaitCustomStatus(this.#state.customStatusUntil);
  }

  /** Also what they wrote as their status. */
  forget(): void {
    if (this.#state.customStatus !== undefined) this.wish({ customStatus: "" });
  }

  stop(): void {
    this.#graceTimer?.cancel();
    this.#customStatusTimer?.cancel();
  }

  listens({ connectionId }: ShardConnection, room: RoomId): boolean {
    return deviceOf(this.#state, connectionId)?.rooms?.has(room) === true;
  }

  subscribed(connectionId: ConnectionId, room: RoomId): void {
    const effects = this.step({ kind: "subscribed", connectionId, room });
    if (effects.some((effect) => effect.kind === "announce")) return;
    // A room that was activated anew does not know what its former activation was told, nor we what our former one told it.
    this.#show(room, visibleStatus(this.#state));
  }

  /** What the rooms were told may not have arrived. */
  showAgain(isTold: (address: RoomAddress) => boolean): void {
    if (!this.#owner.isHere) return;
    const status = visibleStatus(this.#state);
    // Whoever is not to be seen may be seen all the same where that was not heard.
    const rooms = new Set(this.#state.shown);
    for (const device of this.#state.devices) for (const room of device.rooms ?? []) rooms.add(room);
    for (const room of rooms) {
      if (isTold(roomAddress(this.#owner.tenant, room))) this.#show(room, status);
    }
  }

  wish({ status = this.#state.chosen, customStatus, expiresInMs }: Partial<PresenceWish>): void {
    const until = expiresInMs === undefined ? {} : { until: this.#env.clock.wallMs() + expiresInMs };
    this.step({ kind: "set_status", status, ...(customStatus !== undefined && { customStatus }), ...until });
  }

  step(command: PresenceCommand): readonly PresenceEffect[] {
    const effects = stepPresence(this.#state, command, this.#env.clock.wallMs());
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  #carryOut(effect: PresenceEffect): void {
    switch (effect.kind) {
      case "announce":
        for (const room of effect.rooms) this.#show(room, effect.status);
        return;
      case "start_grace":
        this.#graceTimer?.cancel();
        this.#graceTimer = this.#env.clock.after(
          this.#env.settings.presenceGraceMs,
          this.#owner.later(() => this.#graceElapsed()),
        );
        return;
      case "cancel_grace":
        this.#graceTimer?.cancel();
        return;
      case "await_custom_status":
        this.#awaitCustomStatus(effect.until);
        return;
      case "save":
        this.#owner.save();
        return;
    }
  }

  /** Whoever moved to another node with their actor is not said to be gone by the one that stayed behind. */
  #graceElapsed(): void {
    if (this.#owner.isHere) this.step({ kind: "grace_elapsed" });
    else stepPresence(this.#state, { kind: "grace_elapsed" }, this.#env.clock.wallMs());
  }

  #awaitCustomStatus(until: number | undefined): void {
    this.#customStatusTimer?.cancel();
    this.#customStatusTimer = undefined;
    if (until === undefined) return;
    this.#customStatusTimer = this.#env.clock.after(
      Math.max(1, until - this.#env.clock.wallMs()),
      this.#owner.later(() => void this.step({ kind: "custom_status_due" })),
    );
  }

  #show(room: RoomId, status: PresenceState["chosen"]): void {
    const { customStatus, customStatusUntil, lastSeen } = this.#state;
    const custom = {
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
    };
    this.#env.tell(roomAddress(this.#owner.tenant, room), {
      kind: "presence",
      presence: { user: this.#owner.profile.ref, status, ...custom, lastSeen },
      ...(this.#owner.connectionCount > 1 && { many: true }),
    });
  }

  view(wasHere: boolean): PresenceView {
    const { customStatus, customStatusUntil, lastSeen, devices, shown } = this.#state;
    const status = visibleStatus(this.#state);
    return {
      ...this.#owner.profile.ref,
      status,
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
      lastSeen: wasHere ? lastSeen : null,
      devices: status === "offline" ? 0 : devices.length,
      rooms: [...(shown ?? [])].slice(0, SHARED_ROOMS_SHOWN_MAX),
      own: this.#owner.profile.overriding,
    };
  }

  /** In all rooms that see the person: a profile has changed. */
  showEverywhere(): void {
    const status = visibleStatus(this.#state);
    for (const room of this.#state.shown ?? []) this.#show(room, status);
  }
}
