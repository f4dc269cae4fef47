/**
 * Shards without gateways: the test writes the records of any number of edges and sees what each is told, block by block.
 * Time is virtual; several shards may share one store, as those of several nodes do.
 */
import { readToEdge, ToShardWriter } from "../../src/actors/link.ts";
import { Shard } from "../../src/actors/shard.ts";
import type { ShardSettings } from "../../src/actors/shard-env.ts";
import type { PeerLink } from "../../src/actors/shard-links.ts";
import type { ConnectionId, RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { hash32 } from "../../src/base/hash.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { Assistant } from "../../src/domain/assistant/port.ts";
import type { ProfileSource } from "../../src/domain/user/profile-source.ts";
import type { ModerationHook } from "../../src/domain/moderation/hook.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import { Placement, type View } from "../../src/cluster/placement.ts";
import { CODECS, type CodecId } from "../../src/protocol/codec.ts";
import { type Codecs, createCodecs } from "../../src/protocol/codecs.ts";
import type { ServerFrame } from "../../src/protocol/frames.ts";
import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { addressHash, roomAddress, userAddress } from "../../src/actors/address.ts";
import { EventQueue, VirtualClock } from "../sim/virtual-clock.ts";
import { ScriptedJournal } from "./scripted-journal.ts";
import type { Frame } from "./wire.ts";

export const TENANT = "acme" as TenantId;
export const GRACE_MS = 5_000;

/** One store and one time for all shards of a test. */
export class SmallWorld {
  readonly queue = new EventQueue();
  readonly clock = new VirtualClock(this.queue, 1_750_000_000_000);
  readonly store = new MemoryStore();

  readonly soon = (run: () => void): void => {
    this.queue.after(0, run);
  };

  run(ms = 20): void {
    const until = this.queue.nowMs + ms;
    while (this.queue.runNext(until));
  }
}

/** The only shard of a node. */
export class SmallShard {
  readonly world: SmallWorld;
  readonly shard: Shard;
  readonly journal: ScriptedJournal;
  readonly node: NodeId;
  readonly reports: string[] = [];
  /** How often each kind of frame was encoded, by codec. */
  readonly encoded: string[] = [];
  readonly #edges = new Map<number, ScriptedEdge>();
  #lastLink = 0;

  constructor(
    node = "here",
    world = new SmallWorld(),
    hook?: ModerationHook,
    settings: Partial<ShardSettings> = {},
    assistant?: Assistant,
    profiles?: ProfileSource,
  ) {
    this.world = world;
    this.node = node as NodeId;
    this.journal = new ScriptedJournal(new MemoryJournal(world.store, world.soon));
    this.shard = new Shard({
      clock: world.clock,
      // Of its own: what an activation writes is known by a random name.
      random: new SeededRandom(hash32(node)),
      journal: this.journal,
      projections: new MemoryProjections(world.store, world.soon),
      codecs: createCodecs().map((codec) => this.#counting(codec)),
      settings: {
        node,
        messageLengthMax: 5_000,
        typingTimeoutMs: 3_000,
        typingTimeoutSnakeMs: 10_000,
        presenceGraceMs: GRACE_MS,
        heartbeatMs: 30_000,
        ...settings,
      },
      defer: world.soon,
      send: (block, link) => this.#edges.get(link)?.told(block),
      report: (event) => this.reports.push(event),
      ...(hook !== undefined && { hook }),
      ...(assistant !== undefined && { assistant }),
      ...(profiles !== undefined && { profiles }),
      working: () => undefined,
      shard: 0,
      shards: 1,
    });
  }

  run(ms?: number): void {
    this.world.run(ms);
  }

  ownEdge(): ScriptedEdge {
    const edge = new ScriptedEdge((block) => this.shard.receive(block));
    this.#edges.set(0, edge);
    return edge;
  }

  /** The link of another node's edge, in that generation. What the one before was told is not heard any more. */
  peerEdge(name: string, generation = 1): ScriptedEdge {
    this.#lastLink += 1;
    const link: PeerLink = { no: this.#lastLink, edge: name as NodeId, generation };
    const edge = new ScriptedEdge((block) => this.shard.receivePeer(link, block));
    this.#edges.set(link.no, edge);
    return edge;
  }

  /** `names` beside this node itself, unless `without`. */
  see(names: readonly string[], more: Partial<View> = {}): View {
    const view = viewOf(this.node, [this.node, ...names], more);
    this.shard.setView(view);
    this.run();
    return view;
  }

  #counting(codec: Codecs[number]): Codecs[number] {
    const counting = Object.create(codec) as Codecs[number];
    return Object.assign(counting, {
      id: codec.id,
      text: codec.text,
      decode: codec.decode.bind(codec),
      encode: (frame: ServerFrame) => {
        this.encoded.push(`${frame.type} ${codec.id}`);
        return codec.encode(frame);
      },
    });
  }
}

let versions = 0;
export function viewOf(self: string, names: readonly string[], more: Partial<View> = {}): View {
  versions += 1;
  const nodes = [...new Set(names)].sort().map((id) => ({
    id: id as NodeId,
    instance: id,
    shards: 1,
    address: "",
    startedAt: 0,
    leaving: false,
  }));
  return { version: versions, self: self as NodeId, nodes, isolated: false, unreachable: [], lapses: 0, ...more };
}

/** An id whose address belongs to `owner` in the view. */
export function roomOf(owner: string, view: View, from = 0): RoomId {
  const placement = new Placement(view);
  for (let i = from; ; i += 1) {
    const id = `room-${i}` as RoomId;
    if (placement.owner(addressHash(roomAddress(TENANT, id)))?.id === owner) return id;
  }
}
export function userOf(owner: string, view: View): string {
  const placement = new Placement(view);
  for (let i = 0; ; i += 1) {
    const id = `user-${i}` as UserId;
    if (placement.owner(addressHash(userAddress(TENANT, id)))?.id === owner) return id;
  }
}

/** One link from the edge's end: what was told, in order. */
export class ScriptedEdge {
  readonly writer = new ToShardWriter();
  /** Every record, as words. */
  readonly records: string[] = [];
  readonly frames: { readonly no: number; readonly frame: Frame }[] = [];
  /** What was published, by room. */
  readonly published: { readonly room: string; readonly head: number; readonly frame: Frame }[] = [];
  readonly replies = new Map<number, unknown>();
  readonly heads: Uint8Array[] = [];
  readonly forwarded: { readonly hash: number; readonly packed: Uint8Array }[] = [];
  progress = 0;
  readonly done: number[] = [];
  blocks = 0;
  readonly #post: (block: Uint8Array) => void;
  readonly #topics = new Map<number, string>();
  readonly #rooms = new Map<string, number>();
  #frameNo = 0;

  constructor(post: (block: Uint8Array) => void) {
    this.#post = post;
  }

  open(
    no: number,
    user: string,
    more: {
      readonly home?: boolean;
      readonly codec?: CodecId;
      readonly greeted?: boolean;
      readonly rooms?: readonly RoomId[];
    } = {},
  ): void {
    const { home = true, codec = CODECS.json, greeted = true, rooms } = more;
    this.writer.open(no, {
      connectionId: `c:${no}` as ConnectionId,
      principal: { tenant: TENANT, userId: user as UserId, role: "user" },
      codec,
      home,
      greeted,
      ...(rooms !== undefined && { rooms }),
    });
  }

  /** Takes effect with the next `post`. */
  ask(no: number, frame: Frame): void {
    this.#frameNo += 1;
    const room = frame.type === "create_room" ? (frame["roomId"] as RoomId) : undefined;
    this.writer.frame(no, this.#frameNo, room, JSON.stringify(frame));
  }

  create(no: number, room: RoomId): void {
    this.ask(no, { type: "create_room", ref: `create ${room}`, roomId: room, name: room, roomType: "public" });
  }

  join(no: number, room: RoomId, lastSeq?: number): void {
    this.ask(no, { type: "join_room", ref: `join ${room}`, roomId: room, ...(lastSeq !== undefined && { lastSeq }) });
  }

  say(no: number, room: RoomId, content: string): void {
    this.ask(no, { type: "send_message", ref: content, roomId: room, content, clientId: content });
  }

  attach(room: RoomId, lastSeq: number, connections: readonly number[]): void {
    this.writer.attach({ tenant: TENANT, room, lastSeq, connections });
  }

  post(): void {
    this.#post(this.writer.take());
  }

  answer(ref: string): Frame | undefined {
    return this.frames.find(({ frame }) => frame["ref"] === ref)?.frame;
  }

  /** Texts that the room's listeners here were told, with repetitions if there were any. */
  texts(room: string): unknown[] {
    return this.published
      .filter((one) => one.room === room && one.frame.type === "events")
      .flatMap(({ frame }) => frame["events"] as { message?: { content: unknown } }[])
      .flatMap(({ message }) => (message === undefined ? [] : [message.content]));
  }

  /** The head that was published last; what it begins anew with. */
  lastSeq(room: string): number {
    return this.#rooms.get(room) ?? 0;
  }

  told(block: Uint8Array): void {
    this.blocks += 1;
    readToEdge(block, {
      progress: (record) => {
        this.progress = record;
      },
      done: (record) => this.done.push(record),
      send: (no, text, data) => {
        if (text) this.frames.push({ no, frame: JSON.parse(Buffer.from(data).toString()) as Frame });
      },
      publish: (topic, codec, text, head, data) => {
        const room = this.#topics.get(topic) ?? "nobody";
        this.records.push(`publish ${room} ${codec} ${head}`);
        if (head > 0) this.#rooms.set(room, head);
        if (text) this.published.push({ room, head, frame: JSON.parse(Buffer.from(data).toString()) as Frame });
      },
      subscribe: (no, topic) => this.records.push(`subscribe ${no} ${this.#topics.get(topic)}`),
      unsubscribe: (no, topic) => this.records.push(`unsubscribe ${no} ${this.#topics.get(topic)}`),
      close: (no, reason) => this.records.push(`close ${no} ${reason}`),
      relay: (no, post, data) => this.records.push(`relay ${no} ${post} ${Buffer.from(data).toString()}`),
      reply: (callNo, result) => this.replies.set(callNo, result),
      person: (no, profile) => this.records.push(`person ${no} ${JSON.stringify(profile)}`),
      actor: (hash, packed) => this.forwarded.push({ hash, packed: packed.slice() }),
      heads: (packed) => this.heads.push(packed.slice()),
      openTopic: (topic, key, head) => {
        const room = key.slice(key.indexOf("/") + 1);
        this.#topics.set(topic, room);
        this.#rooms.set(room, Math.max(head, this.lastSeq(room)));
        this.records.push(`open ${room}`);
      },
      trace: (topic, untilMs) => this.records.push(`trace ${this.#topics.get(topic)} ${untilMs}`),
      closeTopic: (topic) => this.records.push(`shut ${this.#topics.get(topic)}`),
    });
  }
}
