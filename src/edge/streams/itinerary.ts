/**
 * The rooms of one stream or session: which it listens to, how far it has been told, and which it still waits for. What its
 * cursor says.
 * Invariant: the cursor never says more than what the client was told, or told that it misses; a room that the client wants is
 * in it until the room is said to be closed to them.
 */
import type { RoomId, Seq } from "../../base/ids.ts";
import { roomBytes } from "./cursor.ts";
import type { HubTopic, Listener, StreamHub } from "./stream-hub.ts";

/** What the requests are called that a stream makes by itself: `rooms` the resume, `rooms:1`, `rooms:2` … the joins. */
const ROOMS_REF = "rooms";
const REF_IN_JSON = `"ref":"${ROOMS_REF}`;

export class Itinerary {
  readonly #hub: StreamHub;
  readonly #listener: Listener;
  readonly #topics = new Map<string, HubTopic>();
  /** Rooms that are not settled: where the client stands there until they are. */
  readonly #unsettled: Map<RoomId, Seq | undefined>;
  /** Of these, what is not under way now. */
  readonly #toAsk: Set<RoomId>;
  /** Of what is under way: rooms by the ref of the request. */
  readonly #underWay = new Map<string, readonly RoomId[]>();
  #lastJoin = 0;
  /** Rooms that the client asked to listen to by frames; those that it was refused are counted, too. */
  readonly #asked = new Set<RoomId>();

  constructor(hub: StreamHub, listener: Listener, wanted: ReadonlyMap<RoomId, Seq | undefined>) {
    this.#hub = hub;
    this.#listener = listener;
    this.#unsettled = new Map(wanted);
    this.#toAsk = new Set(wanted.keys());
  }

  get isSettled(): boolean {
    return this.#unsettled.size === 0;
  }

  subscribe(topic: string, head: Seq): void {
    this.#topics.set(topic, this.#hub.subscribe(topic, this.#listener, head));
  }

  unsubscribe(topic: string): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    this.#topics.delete(topic);
    this.#asked.delete(found.room);
    this.#hub.unsubscribe(topic, this.#listener);
  }

  leaveAll(): void {
    for (const topic of [...this.#topics.keys()]) this.unsubscribe(topic);
  }

  /** It listens to this room and to nothing else, and waits for nothing. */
  get onlyTopic(): HubTopic | undefined {
    if (this.#topics.size !== 1 || this.#unsettled.size > 0) return undefined;
    for (const topic of this.#topics.values()) return topic;
    return undefined;
  }

  positions(): Map<RoomId, Seq | undefined> {
    const positions = new Map<RoomId, Seq | undefined>();
    for (const { room, seq } of this.#topics.values()) positions.set(room, seq);
    for (const [room, seq] of this.#unsettled) positions.set(room, seq);
    return positions;
  }

  /** Whether the cursor has a place for these rooms, too; then they count from now on. */
  makePlace(rooms: readonly RoomId[], bytesMax: number): boolean {
    const all = new Set([...this.positions().keys(), ...this.#asked, ...rooms]);
    let bytes = 0;
    for (const room of all) bytes += roomBytes(room);
    if (bytes > bytesMax) return false;
    for (const room of rooms) this.#asked.add(room);
    return true;
  }

  /** The frames that ask for what is not settled and not asked for yet. */
  takeFrames(): readonly string[] {
    if (this.#toAsk.size === 0) return [];
    const frames: string[] = [];
    const known: [RoomId, Seq][] = [];
    for (const room of this.#toAsk) {
      const seq = this.#unsettled.get(room);
      if (seq === undefined) frames.push(this.#join(room));
      else known.push([room, seq]);
    }
    this.#toAsk.clear();
    if (known.length > 0) frames.push(this.#resume(known));
    return frames;
  }

  #join(room: RoomId): string {
    this.#lastJoin += 1;
    const ref = `${ROOMS_REF}:${this.#lastJoin}`;
    this.#underWay.set(ref, [room]);
    // In both spellings: a codec reads its own.
    return JSON.stringify({ type: "join_room", ref, roomId: room, room_id: room });
  }

  #resume(known: readonly (readonly [RoomId, Seq])[]): string {
    this.#underWay.set(
      ROOMS_REF,
      known.map(([room]) => room),
    );
    return JSON.stringify({ type: "resume", ref: ROOMS_REF, rooms: Object.fromEntries(known) });
  }

  /** One message to this client alone; while something is under way it may be the answer. */
  told(data: Uint8Array): void {
    if (this.#underWay.size === 0) return;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (!bytes.includes(REF_IN_JSON)) return;
    const frame = JSON.parse(bytes.toString("utf8")) as Answer;
    const rooms = this.#underWay.get(frame.ref);
    if (rooms === undefined) return;
    this.#underWay.delete(frame.ref);
    const away = new Set<RoomId | undefined>();
    for (const { roomId, room_id, error } of frame.rooms ?? [])
      if (error === "unavailable") away.add(roomId ?? room_id);
    const isForLater = frame.type === "error" && frame.temporary === true;
    for (const room of rooms) {
      if (isForLater || away.has(room)) this.#toAsk.add(room);
      else this.#unsettled.delete(room);
    }
  }
}

/** What is looked at of an answer, in each spelling. */
interface Answer {
  readonly type: string;
  readonly ref: string;
  readonly temporary?: boolean;
  readonly rooms?: readonly { readonly roomId?: RoomId; readonly room_id?: RoomId; readonly error?: string }[];
}
