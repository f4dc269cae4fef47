/**
 * Connections that ended lately and what they listened to. A shard that is lost takes with it what it was about to say of
 * them; the rooms of its successor hear of them from here.
 * Invariant: what ended within the grace period of presence, or since a shard went down, is here (within the bound).
 */
import type { Departed } from "../../actors/link.ts";
import { DEPARTED_CONNECTIONS_MAX } from "../../base/limits.ts";
import type { Connection } from "../sockets/connection.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";
import type { ShardTarget } from "./shard-target.ts";

interface Departure {
  readonly connection: Connection;
  readonly clean: boolean;
  readonly atMs: number;
}

/** By then a shard has told everybody of a connection that was closed on purpose, milliseconds. */
const TOLD_MS = 3_000;

export class Departures {
  readonly #graceMs: number;
  /** The oldest first. */
  #departures: Departure[] = [];
  /** When each shard that is down went down. */
  readonly #downMs = new Map<ShardTarget, number>();

  constructor(graceMs: number) {
    this.#graceMs = graceMs + TOLD_MS;
  }

  get size(): number {
    return this.#departures.length;
  }

  note(connection: Connection, clean: boolean, atMs: number): void {
    this.#departures.push({ connection, clean, atMs });
  }

  shardDown(shard: ShardTarget, nowMs: number): void {
    if (!this.#downMs.has(shard)) this.#downMs.set(shard, nowMs);
  }

  /** By the key of a room that `isMeant`: who left it too late for whoever had it before to tell. */
  shardUp(
    shard: ShardTarget,
    nowMs: number,
    isMeant: (room: EdgeRoom) => boolean,
  ): ReadonlyMap<string, readonly Departed[]> {
    const downMs = this.#downMs.get(shard) ?? nowMs;
    this.#downMs.delete(shard);
    const byRoom = new Map<string, Departed[]>();
    for (const { connection, clean, atMs } of this.#departures) {
      const { principal, rooms } = connection;
      if (principal === undefined || rooms === undefined) continue;
      if (atMs < downMs - (clean ? TOLD_MS : this.#graceMs)) continue;
      const { userId, name, avatar } = principal;
      const user = { userId, ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
      for (const room of rooms) {
        if (!isMeant(room)) continue;
        const departed = byRoom.get(room.key) ?? [];
        departed.push({ user, clean, agoMs: nowMs - atMs });
        byRoom.set(room.key, departed);
      }
    }
    return byRoom;
  }

  forget(nowMs: number): void {
    let sinceMs = nowMs;
    for (const downMs of this.#downMs.values()) sinceMs = Math.min(sinceMs, downMs);
    const surplus = this.#departures.length - DEPARTED_CONNECTIONS_MAX;
    const first = this.#departures.findIndex(({ atMs }, i) => i >= surplus && atMs >= sinceMs - this.#graceMs);
    this.#departures = first === -1 ? [] : first === 0 ? this.#departures : this.#departures.slice(first);
  }
}
