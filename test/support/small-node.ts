/**
 * A node in one thread: the production gateway and shards on the memory store, with virtual time and sockets that keep what
 * they were sent. For tests that need a certain moment: "after the commit, before the answer".
 * Invariant: nothing happens but within `run` and the calls of the test itself, and always in the same order.
 */
import type { RoomAddress } from "../../src/actors/address.ts";
import { RoomActor } from "../../src/actors/room/room-actor.ts";
import { Shard } from "../../src/actors/shard.ts";
import type { ShardEnv, ShardSettings } from "../../src/actors/shard-env.ts";
import type { TenantId, UserId } from "../../src/base/ids.ts";
import { MESSAGE_LENGTH_DEFAULT } from "../../src/base/limits.ts";
import { hash32 } from "../../src/base/hash.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { err, type Result } from "../../src/base/result.ts";
import { MemoryBus } from "../../src/cluster/memory/memory-bus.ts";
import type { MemoryCluster } from "../../src/cluster/memory/memory-cluster.ts";
import { MemoryMembership } from "../../src/cluster/memory/memory-membership.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import { ClusterNode } from "../../src/node/cluster-node.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { Verified } from "../../src/edge/auth.ts";
import type { Connection } from "../../src/edge/sockets/connection.ts";
import { EdgeCircle } from "../../src/edge/circle/edge-circle.ts";
import { EventStreams } from "../../src/edge/streams/event-streams.ts";
import { Gateway } from "../../src/edge/sockets/gateway.ts";
import type { RateSettings } from "../../src/edge/rates/rates.ts";
import type { ShardOrder } from "../../src/actors/link.ts";
import { obeyOrder } from "../../src/actors/shard-orders.ts";
import type { Socket } from "../../src/edge/ports.ts";
import type { Rate } from "../../src/base/token-bucket.ts";
import { StreamHub } from "../../src/edge/streams/stream-hub.ts";
import { CODECS } from "../../src/protocol/codec.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import { CLOSE_CODES, type CloseReason, type Rejection } from "../../src/protocol/errors.ts";
import type { Journal } from "../../src/storage/journal.ts";
import type { Projections } from "../../src/storage/projections.ts";
import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { SimProcess } from "../sim/sim-process.ts";
import { EventQueue, VirtualClock } from "../sim/virtual-clock.ts";
import { at, textAt } from "./json.ts";
import { RoomLog } from "./room-log.ts";
import type { Frame } from "./wire.ts";

export interface SmallNodeOptions {
  readonly shards?: number;
  readonly rate?: Rate;
  /** Tokens are refused that administrators revoked. */
  readonly hasAccess?: true;
  /** Of users and tenants; absent: none. */
  readonly limits?: RateSettings;
  readonly settings?: Partial<ShardSettings>;
  readonly makeRoom?: (env: ShardEnv, address: RoomAddress) => RoomActor;
  readonly wrapJournal?: (journal: Journal) => Journal;
  readonly wrapProjections?: (projections: Projections) => Projections;
  readonly verifyToken?: (token: string) => Promise<Result<Verified, Rejection>>;
  /** Time that a block takes between threads, milliseconds. */
  readonly linkDelayMs?: number;
  /** One of several nodes on one store, one bus and one registry. */
  readonly among?: SharedWorld & { readonly name: string; readonly instance: string };
}

export interface SharedWorld {
  readonly queue: EventQueue;
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly cluster: MemoryCluster;
}

const WALL_AT_START_MS = 1_750_000_000_000;
export const STREAM_MS_MAX = 120_000;
const NO_LIMITS: RateSettings = {
  user: undefined,
  tenant: undefined,
  connectsOfUser: undefined,
  connectsOfAddress: undefined,
};
const SETTINGS: ShardSettings = {
  node: "small",
  messageLengthMax: MESSAGE_LENGTH_DEFAULT,
  typingTimeoutMs: 5_000,
  typingTimeoutSnakeMs: 10_000,
  presenceGraceMs: 10_000,
  heartbeatMs: 30_000,
};

export class SmallNode {
  readonly queue: EventQueue;
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  /** What can be stopped for a while, or for ever. */
  readonly process: SimProcess;
  readonly gateway: Gateway;
  readonly circle: EdgeCircle;
  readonly hub = new StreamHub();
  readonly streams: EventStreams;
  readonly clusterNode: ClusterNode | undefined;
  readonly reports: string[] = [];
  /** Takes connections, in production. */
  hasJoined = false;
  readonly topics = new Map<string, Set<SmallSocket>>();
  readonly #options: SmallNodeOptions;
  readonly #shards: (Shard | undefined)[];
  /** By shard: links of the own edge whose beginning the shard has not seen. */
  readonly #beginning: number[] = [];
  readonly #random: SeededRandom;
  readonly #codecs = createCodecs({ messageLengthMax: MESSAGE_LENGTH_DEFAULT });

  constructor(options: SmallNodeOptions = {}) {
    this.#options = options;
    const { shards = 1, rate = { perSecond: 10_000, burst: 10_000 }, among } = options;
    this.queue = among?.queue ?? new EventQueue();
    this.clock = among?.clock ?? new VirtualClock(this.queue, WALL_AT_START_MS);
    this.store = among?.store ?? new MemoryStore();
    this.process = new SimProcess(this.queue, this.clock);
    this.#random = new SeededRandom(among === undefined ? 7 : hash32(among.name));
    this.clusterNode = among && this.#member(among, shards);
    const auth = {
      verifyToken: options.verifyToken ?? (() => Promise.resolve(err({ code: "unauthorized" } as const))),
    };
    this.circle = new EdgeCircle({
      clock: this.process,
      auth,
      limits: options.limits ?? NO_LIMITS,
      gateway: () => this.gateway,
      node: among?.name ?? SETTINGS.node,
      others: () => (this.clusterNode?.view?.nodes ?? []).map(({ id }) => id).filter((id) => id !== among?.name),
      ...(among && { tell: (block) => this.clusterNode?.links.tellEdges(block) }),
    });
    this.gateway = new Gateway({
      clock: this.process,
      random: this.#random,
      codecs: this.#codecs,
      auth: options.hasAccess === true ? this.circle.access : auth,
      broadcaster: {
        publish: (topic, data, _text, head) => {
          this.#publish(topic, data);
          this.hub.publish(topic, data, head);
        },
      },
      relayed: (connection, post, data) => this.streams.posted.relayed(connection, post, data),
      shards,
      rate,
      ...(options.limits !== undefined && { rates: this.circle.rates }),
      trace: this.circle.trace,
      defer: this.process.defer,
      ...(this.clusterNode !== undefined && { remote: this.clusterNode.links }),
    });
    this.streams = new EventStreams({
      gateway: this.gateway,
      hub: this.hub,
      clock: this.process,
      random: this.#random,
      defer: this.process.defer,
      presenceGraceMs: SETTINGS.presenceGraceMs,
      heartbeatMs: SETTINGS.heartbeatMs,
      streamMsMax: STREAM_MS_MAX,
    });
    this.#shards = new Array<Shard | undefined>(shards).fill(undefined);
    for (let shard = 0; shard < shards; shard += 1) this.startShard(shard);
    this.clusterNode?.start(this.gateway, () => {
      this.hasJoined = true;
    });
  }

  #member({ cluster, name, instance }: NonNullable<SmallNodeOptions["among"]>, shards: number): ClusterNode {
    return new ClusterNode({
      clock: this.process,
      random: this.#random,
      bus: new MemoryBus(cluster),
      membership: new MemoryMembership(cluster),
      self: { id: name as NodeId, instance, shards, address: "", startedAt: 0, leaving: false },
      postToShard: (shard, order) => this.#order(shard, order),
      report: (event, details) => this.reports.push(`${event} ${JSON.stringify(details)}`),
      edges: { heard: (block) => this.circle.heard(block), lost: () => this.circle.lost() },
    });
  }

  /** As the supervisor passes it on. */
  #order(number: number, order: ShardOrder): void {
    const shard = this.#shards[number];
    if (order.kind === "link") this.#beginning[number] = (this.#beginning[number] ?? 0) + 1;
    const begun = (): void =>
      this.process.enter(() => {
        if (this.#shards[number] === shard) this.#beginning[number] = (this.#beginning[number] ?? 0) - 1;
      });
    this.queue.after(this.#options.linkDelayMs ?? 0, () =>
      this.process.enter(() => {
        if (shard === undefined || this.#shards[number] !== shard) return;
        obeyOrder(shard, order, { linked: () => this.queue.after(this.#options.linkDelayMs ?? 0, begun) });
      }),
    );
  }

  /** The process is gone, and its sockets with it. */
  kill(): void {
    this.process.kill();
    const { among } = this.#options;
    among?.cluster.inboxes.delete(among.name as NodeId);
    this.streams.stop();
    this.gateway.stop();
    for (const shard of this.#shards) shard?.stop();
  }

  /** Runs everything that is due in the next `ms`. */
  run(ms = 50): void {
    const until = this.queue.nowMs + ms;
    while (this.queue.runNext(until));
  }

  /** Runs one step after another until `done` says so. */
  runUntil(done: () => boolean, ms = 5_000): void {
    const until = this.queue.nowMs + ms;
    while (!done()) if (!this.queue.runNext(until)) throw new Error("it did not come to that in time");
  }

  shard(number: number): Shard | undefined {
    return this.#shards[number];
  }

  startShard(number: number, fatalRecord = 0): void {
    const { shards = 1, linkDelayMs = 0, wrapJournal = (journal: Journal) => journal } = this.#options;
    const { wrapProjections = (projections: Projections) => projections } = this.#options;
    const shard: Shard = new Shard(
      {
        clock: this.process,
        random: this.#random,
        journal: wrapJournal(new MemoryJournal(this.store, this.process.defer)),
        projections: wrapProjections(new MemoryProjections(this.store, this.process.defer)),
        codecs: this.#codecs,
        settings: { ...SETTINGS, node: this.#options.among?.name ?? SETTINGS.node, ...this.#options.settings },
        defer: this.process.defer,
        send: (block, link) => {
          this.queue.after(linkDelayMs, () =>
            this.process.enter(() => {
              if (this.#shards[number] !== shard) return;
              // As the supervisor does: nothing of a link that the edge has ended.
              if (link === 0 && (this.#beginning[number] ?? 0) > 0) return;
              if (link === 0) this.gateway.receiveBlock(number, block);
              else this.clusterNode?.links.shardSaid(link, block);
            }),
          );
        },
        report: (event, details) => this.reports.push(`${event} ${JSON.stringify(details)}`),
        working: () => undefined,
        shard: number,
        shards,
      },
      this.#options.makeRoom ?? ((env, { tenant, id }) => new RoomActor(env, tenant, id)),
    );
    this.#shards[number] = shard;
    this.#beginning[number] = 0;
    const view = this.clusterNode?.view;
    if (view !== undefined) shard.setView(view);
    this.gateway.shardUp(
      number,
      (block) => {
        this.queue.after(linkDelayMs, () => this.process.enter(() => shard.receive(block)));
      },
      fatalRecord,
    );
    this.clusterNode?.links.shardUp(number, { record: fatalRecord, link: 0, explained: fatalRecord > 0 });
  }

  /** The shard's thread is gone, and with it what it had posted and the edge has not seen. */
  stopShard(number: number): void {
    this.#shards[number]?.stop();
    this.#shards[number] = undefined;
    this.gateway.shardDown(number);
  }

  restartShard(number: number, fatalRecord = 0): void {
    this.stopShard(number);
    this.startShard(number, fatalRecord);
  }

  /** Connects without a token. */
  arrive(codec: "json" | "camel" = "json"): SmallClient {
    return this.#accept(undefined, codec, undefined);
  }

  connect(
    user: string,
    from: { readonly rooms?: Map<string, RoomLog>; readonly expiresAtMs?: number } = {},
  ): SmallClient {
    const client = this.#accept(principalOf(user), "json", from.expiresAtMs ?? Number.MAX_SAFE_INTEGER, from.rooms);
    this.run();
    return client;
  }

  #accept(
    principal: Principal | undefined,
    codec: "json" | "camel",
    expiresAtMs: number | undefined,
    rooms?: Map<string, RoomLog>,
  ): SmallClient {
    const arrival = { principal, expiresAtMs, codec: CODECS[codec], remote: "test", userAgent: "test" };
    const connection = this.gateway.accept(arrival);
    const client = new SmallClient(this, connection, new SmallSocket(this, connection), rooms);
    this.gateway.opened(connection);
    return client;
  }

  #publish(topic: string, data: Uint8Array): void {
    for (const socket of this.topics.get(topic) ?? []) socket.send(data);
  }
}

export function principalOf(user: string, role: Principal["role"] = "user"): Principal {
  return { tenant: "acme" as TenantId, userId: user as UserId, role };
}

/** Keeps what it was sent; a paused one keeps what its client sends until it is resumed, as the kernel would. */
export class SmallSocket implements Socket {
  readonly transport = "websocket";
  readonly sent: Frame[] = [];
  closedWith: number | undefined;
  isPaused = false;
  onFrame: (frame: Frame) => void = () => undefined;
  /** What a test says that it has not taken. */
  backlog = 0;
  readonly #node: SmallNode;
  readonly #connection: Connection;
  readonly #topics = new Set<string>();
  readonly #unread: string[] = [];

  constructor(node: SmallNode, connection: Connection) {
    this.#node = node;
    this.#connection = connection;
    connection.socket = this;
  }

  arrived(text: string): void {
    if (this.closedWith !== undefined) return;
    if (this.isPaused) this.#unread.push(text);
    else this.#node.gateway.received(this.#connection, text);
  }

  send(data: Uint8Array): "sent" {
    if (this.closedWith !== undefined) return "sent";
    const frame = JSON.parse(Buffer.from(data).toString("utf8")) as Frame;
    this.sent.push(frame);
    this.onFrame(frame);
    return "sent";
  }

  subscribe(topic: string): void {
    const sockets = this.#node.topics.get(topic) ?? new Set();
    this.#node.topics.set(topic, sockets.add(this));
    this.#topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.#node.topics.get(topic)?.delete(this);
    this.#topics.delete(topic);
  }

  cork(run: () => void): void {
    run();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isPaused) {
      const text = this.#unread.shift();
      if (text === undefined) return;
      this.#node.gateway.received(this.#connection, text);
    }
  }

  close(reason: CloseReason): void {
    this.end(CLOSE_CODES[reason].code);
  }

  terminate(): void {
    this.end(1006);
  }

  end(code: number): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = code;
    for (const topic of [...this.#topics]) this.unsubscribe(topic);
    this.#node.gateway.closed(this.#connection, code);
  }
}

export class SmallClient {
  readonly rooms: Map<string, RoomLog>;
  readonly connection: Connection;
  readonly socket: SmallSocket;
  readonly #node: SmallNode;
  readonly #joining = new Map<string, number | undefined>();
  #refs = 0;

  constructor(node: SmallNode, connection: Connection, socket: SmallSocket, rooms = new Map<string, RoomLog>()) {
    this.#node = node;
    this.connection = connection;
    this.socket = socket;
    this.rooms = rooms;
    socket.onFrame = (frame) => this.#note(frame);
  }

  get frames(): readonly Frame[] {
    return this.socket.sent;
  }

  /** Frames of this type, so far. */
  of(type: string): readonly Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Sends without waiting; returns the `ref`. */
  send(frame: Frame): string {
    this.#refs += 1;
    const ref = String(frame["ref"] ?? `r${this.#refs}`);
    if (frame.type === "join_room") this.#joining.set(ref, frame["lastSeq"] as number | undefined);
    this.socket.arrived(JSON.stringify({ ...frame, ref }));
    return ref;
  }

  answerTo(ref: string): Frame | undefined {
    return this.frames.find((frame) => frame["ref"] === ref);
  }

  /** Sends and runs until it is answered. */
  request(frame: Frame, ms = 5_000): Frame {
    const ref = this.send(frame);
    this.#node.runUntil(() => this.answerTo(ref) !== undefined, ms);
    return this.answerTo(ref) as Frame;
  }

  ack(frame: Frame): Frame {
    const reply = this.request(frame);
    if (reply.type === "error") throw new Error(`${frame.type} was refused: ${JSON.stringify(reply)}`);
    return reply;
  }

  create(roomId: string, more: object = {}): Frame {
    return this.ack({ type: "create_room", roomId, name: roomId, roomType: "public", ...more });
  }

  join(roomId: string, lastSeq?: number): Frame {
    return this.ack({ type: "join_room", roomId, ...(lastSeq !== undefined && { lastSeq }) });
  }

  say(roomId: string, content: string): Frame {
    return this.ack({ type: "send_message", roomId, content });
  }

  /** Texts of a room's messages, as they came. */
  texts(roomId: string): unknown[] {
    const events = this.rooms.get(roomId)?.events ?? [];
    return events.filter((event) => event.type === "new_message").map((event) => at(event.body, "message.content"));
  }

  faults(): readonly string[] {
    return [...this.rooms].flatMap(([roomId, log]) => log.faults.map((fault) => `${roomId}: ${fault}`));
  }

  /** `clean`: with a close frame. */
  close(clean = true): void {
    this.socket.end(clean ? 1000 : 1006);
  }

  #note(frame: Frame): void {
    if (frame.type === "events") this.#room(textAt(frame, "roomId")).accept(frame);
    if (frame.type === "resumed") {
      for (const position of frame["rooms"] as readonly unknown[])
        this.#room(textAt(position, "roomId")).resumed(position);
    }
    const position = at(frame, "position");
    if (frame.type === "ack" && position != null) {
      this.#room(textAt(position, "roomId")).joined(position, this.#joining.get(String(frame["ref"])));
    }
  }

  #room(roomId: string): RoomLog {
    const known = this.rooms.get(roomId) ?? new RoomLog();
    this.rooms.set(roomId, known);
    return known;
  }
}
