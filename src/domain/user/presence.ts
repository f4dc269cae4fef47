/**
 * Presence of one user over all of their connections on this node: many devices are one person. In a room a person is there
 * while one of their connections is subscribed to it; a connection that was lost, not closed, counts on for a grace period,
 * so that a reconnect within it shows nothing to others.
 * Invariant: the rooms in `shown` are exactly those that were told a status other than offline, and not yet told offline.
 * Every step tells each room at most one status, and only a changed one.
 */
import type { ConnectionId, RoomId } from "../../base/ids.ts";
import { unreachable } from "../../base/result.ts";

export type PresenceStatus = "online" | "away" | "busy" | "offline";

/** What outlives the connections. */
export interface PresenceRow {
  /** As chosen. `offline` is invisible: connected, and shown as offline. */
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  /** When others could last see the person, milliseconds since 1970. */
  readonly lastSeen: number;
}

export interface PresenceState {
  chosen: PresenceStatus;
  customStatus: string | undefined;
  lastSeen: number;
  /** Live connections: a list, for most people have one or two, and an empty map weighs more than either. */
  readonly devices: Device[];
  /** Rooms of lost connections, within the grace period. `undefined`: none yet. */
  lingering: Set<RoomId> | undefined;
  /** The grace period of a lost connection is running. */
  grace: boolean;
  /** `undefined`: none yet. */
  shown: Set<RoomId> | undefined;
}

/** One live connection. */
export interface Device {
  readonly connectionId: ConnectionId;
  /** What it is subscribed to. `undefined`: nothing yet. */
  rooms: Set<RoomId> | undefined;
}

export type PresenceCommand =
  | { readonly kind: "connection_opened"; readonly connectionId: ConnectionId }
  /** `clean`: closed on purpose. Otherwise lost, and perhaps coming back. */
  | { readonly kind: "connection_closed"; readonly connectionId: ConnectionId; readonly clean: boolean }
  | { readonly kind: "subscribed"; readonly connectionId: ConnectionId; readonly room: RoomId }
  | { readonly kind: "unsubscribed"; readonly connectionId: ConnectionId; readonly room: RoomId }
  /** Without `customStatus` it stays; an empty one clears it. */
  | { readonly kind: "set_status"; readonly status: PresenceStatus; readonly customStatus?: string }
  | { readonly kind: "grace_elapsed" };

export type PresenceEffect =
  /** Tell these rooms. */
  | {
      readonly kind: "announce";
      readonly status: PresenceStatus;
      readonly customStatus: string | undefined;
      readonly lastSeen: number;
      readonly rooms: readonly RoomId[];
    }
  /** Send `grace_elapsed` after the grace period; a period that is running starts anew. */
  | { readonly kind: "start_grace" }
  | { readonly kind: "cancel_grace" }
  | { readonly kind: "save"; readonly row: PresenceRow };

const NO_ROOMS: ReadonlySet<RoomId> = new Set();

export function emptyPresence(row?: PresenceRow): PresenceState {
  return {
    chosen: row?.status ?? "online",
    customStatus: row?.customStatus,
    lastSeen: row?.lastSeen ?? 0,
    devices: [],
    lingering: undefined,
    grace: false,
    shown: undefined,
  };
}

/** What others see. */
export function visibleStatus(state: PresenceState): PresenceStatus {
  return state.devices.length > 0 || state.grace ? state.chosen : "offline";
}

export function presenceRow(state: PresenceState): PresenceRow {
  return {
    status: state.chosen,
    ...(state.customStatus !== undefined && { customStatus: state.customStatus }),
    lastSeen: state.lastSeen,
  };
}

/** Nobody is connected and nothing is running: the state may be forgotten once what was to be saved is saved. */
export function isIdle(state: PresenceState): boolean {
  return state.devices.length === 0 && !state.grace;
}

/** Changes the state and says what is to be done. `now`: wall clock, milliseconds since 1970. */
export function stepPresence(state: PresenceState, command: PresenceCommand, now: number): readonly PresenceEffect[] {
  switch (command.kind) {
    case "connection_opened":
      if (deviceOf(state, command.connectionId) === undefined)
        state.devices.push({ connectionId: command.connectionId, rooms: undefined });
      return endGraceIfSettled(state);
    case "connection_closed":
      return closed(state, command.connectionId, command.clean, now);
    case "subscribed":
      return subscribed(state, command.connectionId, command.room);
    case "unsubscribed":
      return unsubscribed(state, command.connectionId, command.room, now);
    case "set_status":
      return setStatus(state, command.status, command.customStatus, now);
    case "grace_elapsed":
      return graceElapsed(state, now);
    default:
      return unreachable(command);
  }
}

function closed(state: PresenceState, connectionId: ConnectionId, clean: boolean, now: number): PresenceEffect[] {
  const device = deviceOf(state, connectionId);
  if (device === undefined) return [];
  const rooms = device.rooms ?? NO_ROOMS;
  state.devices.splice(state.devices.indexOf(device), 1);
  if (state.chosen !== "offline") state.lastSeen = now;
  if (!clean) {
    for (const room of rooms) if (!isSubscribed(state, room)) state.lingering = including(state.lingering, room);
    state.grace = true;
    return [{ kind: "start_grace" }];
  }
  if (isIdle(state)) return wentOffline(state);
  return hide(state, rooms);
}

function subscribed(state: PresenceState, connectionId: ConnectionId, room: RoomId): PresenceEffect[] {
  const device = deviceOf(state, connectionId);
  if (device === undefined) return [];
  device.rooms = including(device.rooms, room);
  state.lingering?.delete(room);
  const effects = endGraceIfSettled(state);
  if (state.chosen === "offline" || state.shown?.has(room) === true) return effects;
  state.shown = including(state.shown, room);
  return [...effects, announcement(state, [room])];
}

function unsubscribed(state: PresenceState, connectionId: ConnectionId, room: RoomId, now: number): PresenceEffect[] {
  if (deviceOf(state, connectionId)?.rooms?.delete(room) !== true) return [];
  if (state.chosen !== "offline") state.lastSeen = now;
  return hide(state, [room]);
}

function setStatus(
  state: PresenceState,
  status: PresenceStatus,
  customStatus: string | undefined,
  now: number,
): PresenceEffect[] {
  const custom = customStatus === undefined ? state.customStatus : customStatus === "" ? undefined : customStatus;
  if (status === state.chosen && custom === state.customStatus) return [];
  const wasInvisible = state.chosen === "offline";
  // What others last saw of an invisible person is the moment of vanishing.
  if (!wasInvisible && !isIdle(state)) state.lastSeen = now;
  state.chosen = status;
  state.customStatus = custom;
  const effects: PresenceEffect[] = [];
  if (status === "offline") {
    const told = [...(state.shown ?? NO_ROOMS)];
    state.shown = undefined;
    if (told.length > 0) effects.push(announcement(state, told));
  } else {
    if (wasInvisible && !isIdle(state)) state.lastSeen = now;
    for (const { rooms } of state.devices)
      for (const room of rooms ?? NO_ROOMS) state.shown = including(state.shown, room);
    const told = [...(state.shown ?? NO_ROOMS)];
    if (told.length > 0) effects.push(announcement(state, told));
  }
  effects.push({ kind: "save", row: presenceRow(state) });
  return effects;
}

function graceElapsed(state: PresenceState, now: number): PresenceEffect[] {
  if (!state.grace) return [];
  state.grace = false;
  const rooms = [...(state.lingering ?? NO_ROOMS)];
  state.lingering = undefined;
  if (state.devices.length === 0) return wentOffline(state);
  if (state.chosen !== "offline") state.lastSeen = now;
  return hide(state, rooms);
}

/** The last connection is gone: whatever was shown is shown no more. */
function wentOffline(state: PresenceState): PresenceEffect[] {
  const effects: PresenceEffect[] = [];
  const told = [...(state.shown ?? NO_ROOMS)];
  state.shown = undefined;
  if (told.length > 0) effects.push(announcement(state, told, "offline"));
  effects.push({ kind: "save", row: presenceRow(state) });
  return effects;
}

/** Tells those of the rooms in which the person is no more. */
function hide(state: PresenceState, rooms: Iterable<RoomId>): PresenceEffect[] {
  const left: RoomId[] = [];
  for (const room of rooms) {
    if (isSubscribed(state, room) || state.lingering?.has(room) === true) continue;
    if (state.shown?.delete(room) === true) left.push(room);
  }
  return left.length === 0 ? [] : [announcement(state, left, "offline")];
}

/** Somebody is connected again and every room of the lost connections has been taken up: nothing is left to wait for. */
function endGraceIfSettled(state: PresenceState): PresenceEffect[] {
  if (!state.grace || (state.lingering?.size ?? 0) > 0 || state.devices.length === 0) return [];
  state.grace = false;
  return [{ kind: "cancel_grace" }];
}

function isSubscribed(state: PresenceState, room: RoomId): boolean {
  for (const { rooms } of state.devices) if (rooms?.has(room) === true) return true;
  return false;
}

export function deviceOf(state: PresenceState, connectionId: ConnectionId): Device | undefined {
  for (const device of state.devices) if (device.connectionId === connectionId) return device;
  return undefined;
}

function including(rooms: Set<RoomId> | undefined, room: RoomId): Set<RoomId> {
  return rooms?.add(room) ?? new Set([room]);
}

function announcement(state: PresenceState, rooms: readonly RoomId[], status = state.chosen): PresenceEffect {
  return { kind: "announce", status, customStatus: state.customStatus, lastSeen: state.lastSeen, rooms };
}
