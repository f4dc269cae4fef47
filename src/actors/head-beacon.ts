/**
 * Tells other nodes how far the logs reach that this shard writes, and notices by what they tell that one of its own rooms
 * has been written by somebody else. So listeners of two owners of one room hear everything, in quiet rooms too.
 */
import { Packr } from "msgpackr";
import type { Clock, Timer } from "../base/clock.ts";
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { HEAD_BEACON_MS, HEADS_PER_BEACON_MAX, HEADS_REMEMBERED_MAX } from "../base/limits.ts";
import type { RoomActor } from "./room/room-actor.ts";

type RoomHead = readonly [tenant: TenantId, room: RoomId, head: Seq];

export interface HeadBeaconPorts {
  readonly clock: Clock;
  readonly send: (block: Uint8Array) => void;
  /** Nobody is there to be told. */
  readonly isAlone: () => boolean;
  readonly find: (tenant: TenantId, room: RoomId) => RoomActor | undefined;
  /** Its log reaches further than it has read. */
  readonly outdated: (room: RoomActor) => void;
}

/** What a room that seems to be behind may be about to hear of anyway, milliseconds. */
const DOUBT_MS = 500;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: "number" });

export class HeadBeacon {
  readonly #ports: HeadBeaconPorts;
  /** Written since they were told of. */
  readonly #written = new Set<RoomActor>();
  /** What was told, or would have been if somebody had been there; the newest last. */
  readonly #told = new Map<string, { readonly head: RoomHead; readonly atMs: number }>();
  /** To be told once more. */
  #again: RoomHead[] = [];
  /** Perhaps behind, with the head that others know. */
  readonly #doubted = new Map<RoomActor, Seq>();
  #beaconTimer: Timer | undefined;
  #doubtTimer: Timer | undefined;

  constructor(ports: HeadBeaconPorts) {
    this.#ports = ports;
  }

  wrote(room: RoomActor): void {
    this.#written.add(room);
    this.#beaconTimer ??= this.#ports.clock.after(HEAD_BEACON_MS, () => this.#tell());
  }

  /** What was told in the last `agoMs` may not have been heard by somebody. */
  tellAgain(agoMs: number): void {
    const sinceMs = this.#ports.clock.monotonicMs() - agoMs;
    this.#again = [...this.#told.values()].filter(({ atMs }) => atMs >= sinceMs).map(({ head }) => head);
    if (this.#again.length > 0) this.#beaconTimer ??= this.#ports.clock.after(HEAD_BEACON_MS, () => this.#tell());
  }

  /** What the shard of another node told. */
  heard(block: Uint8Array): void {
    for (const [tenant, id, head] of packr.unpack(block) as readonly RoomHead[]) {
      const room = this.#ports.find(tenant, id);
      if (room === undefined || room.lacks(head) === false) continue;
      this.#doubted.set(room, Math.max(head, this.#doubted.get(room) ?? 0));
    }
    if (this.#doubted.size > 0) this.#doubtTimer ??= this.#ports.clock.after(DOUBT_MS, () => this.#check());
  }

  /** Before the node goes: nobody else would tell of what it wrote last. */
  tellNow(): void {
    while (this.#written.size > 0 || this.#again.length > 0) this.#tell();
  }

  stop(): void {
    this.#beaconTimer?.cancel();
    this.#doubtTimer?.cancel();
  }

  #tell(): void {
    this.#beaconTimer?.cancel();
    this.#beaconTimer = undefined;
    const heads: RoomHead[] = [];
    for (const room of this.#written) {
      if (heads.length >= HEADS_PER_BEACON_MAX) break;
      this.#written.delete(room);
      const head: RoomHead = [room.tenant, room.room, room.committedSeq];
      heads.push(head);
      this.#note(head);
    }
    heads.push(...this.#again.splice(0, HEADS_PER_BEACON_MAX - heads.length));
    if (this.#written.size > 0 || this.#again.length > 0) {
      this.#beaconTimer = this.#ports.clock.after(HEAD_BEACON_MS, () => this.#tell());
    }
    if (!this.#ports.isAlone()) this.#ports.send(packr.pack(heads));
  }

  #note(head: RoomHead): void {
    const key = `${head[0]}/${head[1]}`;
    this.#told.delete(key);
    this.#told.set(key, { head, atMs: this.#ports.clock.monotonicMs() });
    if (this.#told.size <= HEADS_REMEMBERED_MAX) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }

  #check(): void {
    this.#doubtTimer = undefined;
    for (const [room, head] of this.#doubted) {
      const lacks = room.stopped ? false : room.lacks(head);
      // While it reads or appends, it is about to find out itself.
      if (lacks === undefined) continue;
      this.#doubted.delete(room);
      if (lacks) this.#ports.outdated(room);
    }
    if (this.#doubted.size > 0) this.#doubtTimer = this.#ports.clock.after(DOUBT_MS, () => this.#check());
  }
}
