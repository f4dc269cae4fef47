/**
 * The heart of the edge: connections on one side, shards on the other. Routes frames by their header without reading the
 * rest, answers what needs no room, and repeats to a restarted shard what its former worker left undone. Wide and shallow by
 * nature: three ports meet in it (`Engine`, `ConnectionOwner`, `LinksOwner`), and the work is done by its parts.
 * It knows neither Bun nor threads: sockets and links are ports, so the simulation runs this same class.
 */
import type { Call, ReplyOf } from "../../actors/calls.ts";
import type { TenantAccess } from "../../actors/tenant-calls.ts";
import type { LinkCall, Profile } from "../../actors/link.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { hash32 } from "../../base/hash.ts";
import type { ConnectionId, RoomId, TenantId } from "../../base/ids.ts";
import { AUTH_FRAME_MS_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rate } from "../../base/token-bucket.ts";
import type { NodeId } from "../../cluster/membership.ts";
import type { View } from "../../cluster/placement.ts";
import type { FiguresDelta } from "../../domain/figures.ts";
import { engineOf, type Principal } from "../../domain/principal.ts";
import type { Codec } from "../../protocol/codec.ts";
import type { CloseReason, Rejection } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import { admitFrame, holdFrame } from "./admission.ts";
import type { Auth } from "../auth.ts";
import { Connection, type ConnectionOwner, PAUSE } from "./connection.ts";
import type { Census } from "../circle/census.ts";
import type { DeliveryTrace } from "../circle/delivery-trace.ts";
import type { EdgeRoom } from "./edge-room.ts";
import { EdgeCounters } from "../figures/edge-counters.ts";
import { FrameRouter } from "./frame-router.ts";
import { Gathered } from "./gathered.ts";
import { Identity } from "./identity.ts";
import type { AnswerTimes } from "../links/answer-probe.ts";
import { Links, type LinksOwner, type RemoteShards } from "../links/links.ts";
import type { Broadcaster, Engine } from "../ports.ts";
import type { Rates } from "../rates/rates.ts";
import { Resuming } from "./resuming.ts";
import { ShardCalls } from "./shard-calls.ts";
import type { ShardTarget } from "../links/shard-target.ts";
import type { Arrival } from "./socket-plugin.ts";
import { FollowingRouter } from "../tracing/following-router.ts";
import type { MessageSpans } from "../tracing/message-spans.ts";

export interface GatewayPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: readonly Codec[];
  readonly auth: Pick<Auth, "verifyToken">;
  readonly broadcaster: Broadcaster;
  readonly shards: number;
  /** Shards of other nodes, when there are any. */
  readonly remote?: RemoteShards;
  /** Notes what becomes of frames that somebody may ask about. */
  readonly trace?: DeliveryTrace | undefined;
  /** Follows some messages through this edge. */
  readonly spans?: MessageSpans | undefined;
  /** Keeps the directory of connections. */
  readonly census?: Pick<Census, "opened" | "closed" | "chose">;
  /** What a client without a WebSocket said over another node; see `Egress`. */
  readonly relayed?: (connection: Connection, post: string, data: Uint8Array) => void;
  /** Of one connection. */
  readonly rate: Rate;
  /** Of users and tenants; without it there are no such bounds. */
  readonly rates?: Pick<Rates, "hold" | "letGo" | "waitMs" | "take" | "connect"> | undefined;
  /** How long a lost connection's person is shown as present. */
  readonly presenceGraceMs?: number;
  /** Runs once, when what arrived in this turn of the event loop has been taken in. */
  readonly defer: (run: () => void) => void;
}

/** How often time-outs and token expiry are looked after, milliseconds. */
const SWEEP_MS = 1_000;
const PRESENCE_GRACE_MS_DEFAULT = 10_000;
/** Close codes by which a client says that it means to go: the browser's tab was closed, or the program said so. */
const CLEAN_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export class Gateway implements Engine, ConnectionOwner, LinksOwner {
  readonly connections = new Map<number, Connection>();
  readonly rooms = new Map<string, EdgeRoom>();
  readonly broadcaster: Broadcaster;
  readonly counters = new EdgeCounters();
  readonly trace: DeliveryTrace | undefined;
  readonly #ports: GatewayPorts;
  readonly #links: Links;
  readonly #gathered: Gathered;
  readonly #calls: ShardCalls;
  readonly #resuming: Resuming;
  readonly #identity: Identity;
  /** Unique to this process: the part of connection ids before the colon. */
  readonly #instance: string;
  readonly #router: FrameRouter;
  #lastConnection = 0;
  #sweepTimer: Timer;

  constructor(ports: GatewayPorts) {
    this.#ports = ports;
    this.broadcaster = ports.broadcaster;
    this.trace = ports.trace;
    this.#instance = ports.random.token(8);
    this.#links = new Links({
      owner: this,
      clock: ports.clock,
      shards: ports.shards,
      presenceGraceMs: ports.presenceGraceMs ?? PRESENCE_GRACE_MS_DEFAULT,
      remote: ports.remote,
      watch: ports.spans,
    });
    const { clock, defer } = ports;
    this.#gathered = new Gathered({ clock, defer, handOver: () => this.#links.flush() });
    this.#calls = new ShardCalls(clock, () => this.#gathered.add());
    this.#resuming = new Resuming(this.#links, this.#calls, this.rooms);
    this.#identity = new Identity({
      auth: ports.auth,
      clock: ports.clock,
      connect: ports.rates && ((principal) => ports.rates?.connect(principal) ?? 0),
      admitted: (connection, principal) => this.#introduceHome(connection, principal),
    });
    const routerPorts = {
      links: this.#links,
      gathered: this.#gathered,
      identity: this.#identity,
      resuming: this.#resuming,
      census: ports.census,
      sendLater: this.#sendLater,
    };
    this.#router =
      ports.spans === undefined
        ? new FrameRouter(routerPorts)
        : new FollowingRouter(routerPorts, ports.clock, ports.spans);
    this.#sweepTimer = ports.clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** How long shards take to answer, by samples: from the first call on. */
  timeAnswers(): AnswerTimes {
    return this.#links.timeAnswers();
  }

  // ---------------------------------------------------------------------------------------------- HTTP

  call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if ((call.kind === "set_presence" || call.kind === "update_profile") && call.status !== undefined)
      this.#ports.census?.chose(principal.tenant, principal.userId, call.status);
    return this.#asked<ReplyOf<C>>(this.#targetOf(principal, call), principal, call);
  }

  /** Every shard of this node finishes what it has; resolves when all have, or after `timeoutMs`. */
  async drain(by: Principal, timeoutMs: number): Promise<void> {
    const { own } = this.#links.routes;
    await Promise.all(own.map((target) => this.#asked(target, by, { to: "shard", kind: "drain" }, timeoutMs)));
  }

  /** Who of the tenant may not come in, from any shard of this node. */
  loadAccess(tenant: TenantId): Promise<Result<TenantAccess, Rejection>> {
    return this.#asked<TenantAccess>(this.#ownOf(tenant), engineOf(tenant), { to: "shard", kind: "access", tenant });
  }

  /** false: it could not be written now. */
  async addFigures(delta: FiguresDelta): Promise<boolean> {
    const by = engineOf(delta.tenant as TenantId);
    const written = await this.#asked(this.#ownOf(by.tenant), by, { to: "shard", kind: "figures", delta });
    return written.ok && written.value === true;
  }

  /** The tenant's administrators want something else of their rooms. Shards that do not hear it look by themselves, a little later. */
  tenantChanged(tenant: TenantId): void {
    const by = engineOf(tenant);
    for (const target of this.#links.routes.own) {
      this.#calls.ask(target, by, { to: "shard", kind: "tenant_changed", tenant }, () => undefined);
    }
  }

  /** The tenant's rate limits are others: connections take from the right buckets with their next frame. */
  sharesChanged(tenant: TenantId): void {
    for (const connection of this.connections.values()) {
      if (connection.share === undefined || connection.principal?.tenant !== tenant) continue;
      this.#ports.rates?.letGo(connection.share);
      connection.share = undefined;
    }
  }

  // ---------------------------------------------------------------------------------------------- connections

  accept(arrival: Arrival): Connection {
    this.#lastConnection += 1;
    const no = this.#lastConnection;
    const codec = this.#ports.codecs[arrival.codec] as Codec;
    const connection = new Connection(
      this,
      no,
      `${this.#instance}:${no}.${this.#ports.random.token(6)}` as ConnectionId,
      codec,
      arrival,
    );
    connection.principal = arrival.principal;
    connection.openedAtMs = this.#ports.clock.wallMs();
    if (arrival.expiresAtMs === undefined) connection.authDueMs = this.#ports.clock.monotonicMs() + AUTH_FRAME_MS_MAX;
    else connection.expiresAtMs = arrival.expiresAtMs;
    connection.issuedAtMs = arrival.issuedAtMs;
    connection.tokenId = arrival.tokenId;
    return connection;
  }

  opened(connection: Connection): void {
    this.connections.set(connection.no, connection);
    this.counters.connectionsOpened += 1;
    if (connection.principal !== undefined) this.#introduceHome(connection, connection.principal);
  }

  /** `undefined`: not at this node, or not any more. */
  find(id: ConnectionId): Connection | undefined {
    const no = Number(id.slice(id.indexOf(":") + 1, id.indexOf(".")));
    const connection = this.connections.get(no);
    return connection?.id === id ? connection : undefined;
  }

  closed(connection: Connection, code: number): void {
    const clean = CLEAN_CODES.has(code);
    connection.closed = true;
    connection.outbox = undefined;
    connection.held = undefined;
    if (connection.share !== undefined) this.#ports.rates?.letGo(connection.share);
    connection.share = undefined;
    if (!this.connections.delete(connection.no)) return;
    this.counters.connectionsClosed += 1;
    if (connection.reason !== undefined) {
      const { dismissed } = this.counters;
      dismissed[connection.reason] = (dismissed[connection.reason] ?? 0) + 1;
    }
    this.#router.closed(connection);
    for (const room of connection.rooms ?? []) {
      room.connections.delete(connection);
      if (room.tracedUntilMs !== 0) this.trace?.closed(room, connection, code);
    }
    this.#links.closed(connection, clean);
    this.#ports.census?.closed(connection);
    this.#gathered.add();
  }

  /** Asks every client to come back elsewhere, spread over `spreadMs`, and closes. */
  dismissAll(reason: CloseReason, spreadMs: number): void {
    for (const connection of [...this.connections.values()]) {
      this.#sendLater(connection, { type: "reconnect", delayMs: Math.round(this.#ports.random.next() * spreadMs) });
      connection.dismiss(reason);
    }
  }

  /** Takes in no more frames: the node is about to stop. */
  pauseAll(): void {
    for (const connection of this.connections.values()) connection.pause(PAUSE.stopping);
  }

  received(connection: Connection, data: Uint8Array | string): void {
    if (connection.closed || connection.dismissed) return;
    const { counters } = this;
    counters.framesReceived += 1;
    counters.bytesReceived += data.length;
    const { principal } = connection;
    if (principal === undefined && !connection.verifying) return this.#identity.receivedFirst(connection, data);
    if (principal === undefined || !connection.greeted) return holdFrame(connection, data);
    if (!admitFrame(this.#ports, connection, principal, data)) {
      counters.rateLimited += 1;
      return;
    }
    this.#router.route(connection, principal, data);
  }

  /** A frame that the connection's own end made: it takes nothing of its client's share. */
  request(connection: Connection, data: string): void {
    const { principal } = connection;
    if (principal === undefined || !connection.greeted || connection.closed || connection.dismissed) return;
    this.#router.route(connection, principal, data);
  }

  #introduceHome(connection: Connection, principal: Principal): void {
    this.#ports.census?.opened(connection);
    this.#links.introduceHome(connection, principal);
    this.#gathered.add();
  }

  // ---------------------------------------------------------------------------------------------- admission

  greeted(connection: Connection): void {
    connection.greeted = true;
    const { held, authRef } = connection;
    connection.held = undefined;
    if (authRef !== undefined) this.#sendLater(connection, { type: "ack", ref: authRef });
    if (held !== undefined) for (const data of held) this.received(connection, data);
    connection.resume(PAUSE.held);
    connection.socket?.greeted?.();
  }

  // ---------------------------------------------------------------------------------------------- shards

  /** A worker listens for this shard. `fatalRecord`: what the one before it was handling when it was lost. */
  shardUp(shard: number, post: (block: Uint8Array<ArrayBuffer>) => void, fatalRecord = 0): void {
    this.#links.shardUp(shard, post, fatalRecord);
    this.#router.resumeBehind();
  }

  shardDown(shard: number): void {
    this.#links.shardDown(shard);
  }

  isShardUp(shard: number): boolean {
    return this.#links.isShardUp(shard);
  }

  receiveBlock(shard: number, block: Uint8Array): void {
    this.#links.receiveBlock(shard, block);
  }

  receivePeerBlock(node: NodeId, shard: number, generation: number, no: number, block: Uint8Array): void {
    this.#links.receivePeerBlock(node, shard, generation, no, block);
  }

  peerShardUp(node: NodeId, shard: number, generation: number, fatalRecord: number, explained: boolean): void {
    this.#links.peerShardUp(node, shard, generation, fatalRecord, explained);
    this.#router.resumeBehind();
  }

  /** Something was lost between this node and that one. */
  linkBroken(node: NodeId): void {
    this.counters.linkBreaks += 1;
    this.#links.linkBroken(node);
    this.#router.resumeBehind();
  }

  /** Rooms and people may be elsewhere now. */
  setView(view: View): void {
    this.#links.setView(view);
    this.#router.resumeBehind();
  }

  /** Frames and calls that wait for a shard's answer. */
  get pending(): number {
    return this.#links.pending;
  }

  progressed(target: ShardTarget, record: number): void {
    target.outlet.progress(record);
    this.#router.resumeBehind();
  }

  completed(target: ShardTarget, record: number): void {
    target.outlet.done(record);
  }

  replied(callNo: number, result: Result<unknown, Rejection>): void {
    this.#calls.reply(callNo, result);
  }

  named(connection: Connection, profile: Profile): void {
    if (connection.principal === undefined) return;
    const { name: _name, avatar: _avatar, ...rest } = connection.principal;
    connection.principal = { ...rest, ...profile };
    this.#links.introduceAgain(connection);
    this.#gathered.add();
  }

  forward(hash: number, packed: Uint8Array): void {
    this.#links.routes.ofHash(hash).outlet.writer.actor(packed);
    this.#gathered.add();
  }

  heads(block: Uint8Array): void {
    this.#ports.remote?.heads(block);
  }

  relayed(connection: Connection, post: string, data: Uint8Array): void {
    this.#ports.relayed?.(connection, post, data);
  }

  repeatFrame(connection: Connection, frameNo: number, room: RoomId | undefined, data: Uint8Array): void {
    this.#router.repeat(connection, frameNo, room, data);
  }

  repeatCall(target: ShardTarget, callNo: number, principal: Principal, call: LinkCall): void {
    // Who asked was told already that there is no answer.
    if (!this.#calls.isOpen(callNo)) return;
    if (call.to === "shard") return this.#calls.repeat(target, callNo, principal, call);
    if (call.to !== "connection") return this.#calls.repeat(this.#targetOf(principal, call), callNo, principal, call);
    const connection = this.connections.get(call.connection);
    if (connection === undefined) return;
    this.#resuming.ask(connection, principal, call.rooms, call.replayBytesMax, (positions) =>
      this.#calls.reply(callNo, ok(positions)),
    );
  }

  refuseFrame(connection: Connection, data: Uint8Array, verdict: keyof typeof NOT_REPEATED): void {
    const header = connection.codec.peek(data);
    connection.reject(NOT_REPEATED[verdict], header.ok ? header.value.ref : undefined);
  }

  refuseCall(callNo: number, verdict: keyof typeof NOT_REPEATED): void {
    this.#calls.reply(callNo, err(NOT_REPEATED[verdict]));
  }

  /** The link carries replies untyped; that of a call is what the call's table says. */
  #asked<Reply>(target: ShardTarget, by: Principal, call: LinkCall, timeoutMs?: number) {
    return new Promise<Result<Reply, Rejection>>((resolve) =>
      this.#calls.ask(target, by, call, (result) => resolve(result as Result<Reply, Rejection>), timeoutMs),
    );
  }

  /** One of this node's shards for what belongs to a tenant and to no actor: always the same one. */
  #ownOf(tenant: TenantId): ShardTarget {
    const { own } = this.#links.routes;
    return own[hash32(tenant) % own.length] as ShardTarget;
  }

  #targetOf(principal: Principal, call: Call): ShardTarget {
    const { routes } = this.#links;
    if (call.to === "room") return routes.room(principal.tenant, call.room);
    return routes.user(
      principal.tenant,
      call.kind === "get_presence" || call.kind === "disconnect" ? call.userId : principal.userId,
    );
  }

  /** Within a block, or right after this turn. */
  readonly #sendLater = (connection: Connection, frame: ServerFrame): void => {
    connection.write(frame);
    this.#ports.defer(() => connection.flush());
  };

  #sweep(): void {
    this.#sweepTimer = this.#ports.clock.after(SWEEP_MS, () => this.#sweep());
    const monotonicMs = this.#ports.clock.monotonicMs();
    this.#calls.expire();
    this.#links.forget(monotonicMs);
    this.#identity.sweep(this.connections.values());
  }

  stop(): void {
    this.#sweepTimer.cancel();
  }
}

const NOT_REPEATED = {
  fatal: { code: "internal" },
  // One of those that were under way each time breaks its shard. Whoever asks again has a share in finding out which.
  suspect: { code: "unavailable", retryAfterMs: 1_000 },
} as const satisfies Record<string, Rejection>;
