/**
 * Presence of one user over all of their connections on this node: many devices are one person. In a room a person is there
 * while one of their connections is subscribed to it; a connection that was lost, not closed, counts on for a grace period,
 * so that a reconnect within it shows nothing to others. A device may say that nobody uses it: whoever chose to be `online`
 * is shown as `away` while the device that was used last is one of those.
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
  /** When the custom status ends, milliseconds since 1970. Without it: when it is changed. */
  readonly customStatusUntil?: number;
  /** When others could last see the person, milliseconds since 1970. */
  readonly lastSeen: number;
}

export interface PresenceState {
  chosen: PresenceStatus;
  customStatus: string | undefined;
  customStatusUntil: number | undefined;
  lastSeen: number;
  /** The device used last said that it is not in use. That stands until another one is used, also when the device is gone. */
  isUnused: boolean;
  /** Live connections, the one used last at the end: a list, for most people have one or two, and an empty map weighs more. */
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
  inUse: boolean;
}

export type PresenceCommand =
  | { readonly kind: "connection_opened"; readonly connectionId: ConnectionId }
  /** `clean`: closed on purpose. Otherwise lost, and perhaps coming back. */
  | { readonly kind: "connection_closed"; readonly connectionId: ConnectionId; readonly clean: boolean }
  | { readonly kind: "subscribed"; readonly connectionId: ConnectionId; readonly room: RoomId }
  | { readonly kind: "unsubscribed"; readonly connectionId: ConnectionId; readonly room: RoomId }
  /** Without `customStatus` it stays; an empty one clears it. `until` is of the one that is given. */
  | {
      readonly kind: "set_status";
      readonly status: PresenceStatus;
      readonly customStatus?: string;
      readonly until?: number;
    }
  /** A device noticed that nobody uses it any more, or that somebody does again. */
  | { readonly kind: "device_used"; readonly connectionId: ConnectionId; readonly inUse: boolean }
  | { readonly kind: "custom_status_due" }
  | { readonly kind: "grace_elapsed" };

export type PresenceEffect =
  /** Tell these rooms. */
  | {
      readonly kind: "announce";
      readonly status: PresenceStatus;
      readonly customStatus: string | undefined;
      readonly customStatusUntil: number | undefined;
      readonly lastSeen: number;
      readonly rooms: readonly RoomId[];
    }
  /** Send `custom_status_due` at this time (wall clock); in place of what was to be sent before. `undefined`: nothing. */
  | { readonly kind: "await_custom_status"; readonly until: number | undefined }
  /** Send `grace_elapsed` after the grace period; a period that is running starts anew. */
  | { readonly kind: "start_grace" }
  | { readonly kind: "cancel_grace" }
  | { readonly kind: "save"; readonly row: PresenceRow };

const NO_ROOMS: ReadonlySet<RoomId> = new Set();

/** From the saved row; a custom status that has ended by `now` is left out. */
export function emptyPresence(row?: PresenceRow, now = 0): PresenceState {
  const hasEnded = row?.customStatusUntil !== undefined && row.customStatusUntil <= now;
  return {
    chosen: row?.status ?? "online",
    customStatus: hasEnded ? undefined : row?.customStatus,
    customStatusUntil: hasEnded ? undefined : row?.customStatusUntil,
    lastSeen: row?.lastSeen ?? 0,
    isUnused: false,
    devices: [],
    lingering: undefined,
    grace: false,
    shown: undefined,
  };
}

/** What others see. */
export function visibleStatus(state: PresenceState): PresenceStatus {
  return state.devices.length > 0 || state.grace ? statusOf(state) : "offline";
}

/** While connected. */
function statusOf(state: PresenceState): PresenceStatus {
  return state.chosen === "online" && state.isUnused ? "away" : state.chosen;
}

export function presenceRow(state: PresenceState): PresenceRow {
  return {
    status: state.chosen,
    ...(state.customStatus !== undefined && { customStatus: state.customStatus }),
    ...(state.customStatusUntil !== undefined && { customStatusUntil: state.customStatusUntil }),
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
      return opened(state, command.connectionId);
    case "connection_closed":
      return closed(state, command.connectionId, command.clean, now);
    case "subscribed":
      return subscribed(state, command.connectionId, command.room);
    case "unsubscribed":
      return unsubscribed(state, command.connectionId, command.room, now);
    case "set_status":
      return setStatus(state, command, now);
    case "device_used":
      return used(state, command.connectionId, command.inUse);
    case "custom_status_due":
      return endCustomStatus(state, now);
    case "grace_elapsed":
      return graceElapsed(state, now);
    default:
      return unreachable(command);
  }
}

function opened(state: PresenceState, connectionId: ConnectionId): PresenceEffect[] {
  if (deviceOf(state, connectionId) !== undefined) return endGraceIfSettled(state);
  // A device that only comes back is not in use because of that.
  const inUse = !(state.grace && state.isUnused);
  const device = { connectionId, rooms: undefined, inUse };
  if (inUse) state.devices.push(device);
  else state.devices.unshift(device);
  return [...endGraceIfSettled(state), ...judgeUse(state)];
}

/** Saying that a device is not in use is no use of it: which one was used last stays as it is. */
function used(state: PresenceState, connectionId: ConnectionId, inUse: boolean): PresenceEffect[] {
  const device = deviceOf(state, connectionId);
  if (device === undefined) return [];
  device.inUse = inUse;
  if (inUse) {
    state.devices.splice(state.devices.indexOf(device), 1);
    state.devices.push(device);
  }
  return judgeUse(state);
}

/** Tells everybody who was told another status. Without a device left, the last word stands. */
function judgeUse(state: PresenceState): PresenceEffect[] {
  const before = statusOf(state);
  const last = state.devices[state.devices.length - 1];
  if (last !== undefined) state.isUnused = !last.inUse;
  const told = [...(state.shown ?? NO_ROOMS)];
  return statusOf(state) === before || told.length === 0 ? [] : [announcement(state, told)];
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
    return [{ kind: "start_grace" }, ...judgeUse(state)];
  }
  if (isIdle(state)) return wentOffline(state);
  return [...hide(state, rooms), ...judgeUse(state)];
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
  command: Extract<PresenceCommand, { readonly kind: "set_status" }>,
  now: number,
): PresenceEffect[] {
  const { status } = command;
  const custom = command.customStatus === undefined ? state.customStatus : command.customStatus || undefined;
  const until =
    command.customStatus === undefined ? state.customStatusUntil : custom === undefined ? undefined : command.until;
  const isSameCustom = custom === state.customStatus && until === state.customStatusUntil;
  if (status === state.chosen && isSameCustom) return [];
  const before = statusOf(state);
  const wasInvisible = state.chosen === "offline";
  // What others last saw of an invisible person is the moment of vanishing.
  if (!wasInvisible && !isIdle(state)) state.lastSeen = now;
  state.chosen = status;
  state.customStatus = custom;
  const effects: PresenceEffect[] = [];
  if (until !== state.customStatusUntil) effects.push({ kind: "await_custom_status", until });
  state.customStatusUntil = until;
  if (status === "offline") {
    const told = [...(state.shown ?? NO_ROOMS)];
    state.shown = undefined;
    if (told.length > 0) effects.push(announcement(state, told));
  } else {
    if (wasInvisible && !isIdle(state)) state.lastSeen = now;
    for (const { rooms } of state.devices)
      for (const room of rooms ?? NO_ROOMS) state.shown = including(state.shown, room);
    const told = [...(state.shown ?? NO_ROOMS)];
    const isSame = isSameCustom && statusOf(state) === before;
    if (told.length > 0 && !isSame) effects.push(announcement(state, told));
  }
  effects.push({ kind: "save", row: presenceRow(state) });
  return effects;
}

function endCustomStatus(state: PresenceState, now: number): PresenceEffect[] {
  const { customStatusUntil } = state;
  if (customStatusUntil === undefined) return [];
  // The wall clock was set back: it is due later than it was thought.
  if (customStatusUntil > now) return [{ kind: "await_custom_status", until: customStatusUntil }];
  state.customStatus = undefined;
  state.customStatusUntil = undefined;
  const rooms = [...(state.shown ?? NO_ROOMS)];
  const told = rooms.length === 0 ? [] : [announcement(state, rooms)];
  return [...told, { kind: "save", row: presenceRow(state) }];
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

function announcement(state: PresenceState, rooms: readonly RoomId[], status = statusOf(state)): PresenceEffect {
  const { customStatus, customStatusUntil, lastSeen } = state;
  return { kind: "announce", status, customStatus, customStatusUntil, lastSeen, rooms };
}
