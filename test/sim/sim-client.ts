/**
 * A client as the SDK will be one: joins, talks, loses its connection, comes back, resumes, repeats what was not answered
 * under the same key. It speaks MessagePack through the real codecs, and writes down all that it does and sees.
 * Invariant: a request is repeated until it has an answer that is not temporary; every answer belongs to a try.
 */
import { type ConnectionId, messageIdOf, type RoomId, type Seq, type UserId } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { HeldItem } from "../../src/domain/room/moderation-items.ts";
import { CODECS } from "../../src/protocol/codec.ts";
import { decodeServerFrame } from "../../src/protocol/msgpack-codec.ts";
import type {
  ClientFrame,
  ErrorFrame,
  EventsFrame,
  ModerationNoticeFrame,
  RoomPosition,
  ServerFrame,
} from "../../src/protocol/frames.ts";
import {
  type ClientEnding,
  type ClientHistory,
  isMark,
  type QueuedMessage,
  type RequestBody,
  type RequestHistory,
} from "./history.ts";
import { isCall, isTemporary, requestFrame } from "./request-frames.ts";
import { RoomView } from "./room-view.ts";
import type { SimWire } from "./sim-network.ts";
import type { SimNode, World } from "./sim-node.ts";

/** A request under way. */
interface OpenRequest extends RequestHistory {
  readonly knownSeq: Seq;
  /** Waits for an answer to this try; 0: waits for a connection or for its next try. */
  ref: number;
}

export interface ClientPlan {
  readonly name: string;
  readonly principal: Principal;
  /** How the node is found; `undefined` while it is down. */
  readonly node: () => SimNode | undefined;
}

const RECONNECT_MS_MAX = 80;
const RETRY_MS_MAX = 300;
/** A room may not have been made yet, or never be for this client. */
const EARLY_TRIES_MAX = 5;
const YEAR_MS = 365 * 24 * 3_600_000;

export class SimClient {
  readonly name: string;
  readonly principal: Principal;
  readonly rooms = new Map<RoomId, RoomView>();
  readonly requests: OpenRequest[] = [];
  readonly faults: string[] = [];
  readonly notices: ModerationNoticeFrame[] = [];
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #node: () => SimNode | undefined;
  readonly #open = new Set<OpenRequest>();
  /** Answers awaited on the present connection. */
  readonly #awaited = new Map<number, (frame: ServerFrame) => void>();
  #wire: SimWire | undefined;
  #connection = 0;
  #isGreeted = false;
  #isResuming = false;
  #isAway = false;
  #refs = 0;
  #keys = 0;
  /** As last chosen; `offline` is invisible. */
  status: "online" | "offline" = "online";
  /** Where it connected last. */
  at: SimNode | undefined;
  #unread: Readonly<Record<RoomId, number>> = {};
  #ending: ClientEnding | undefined;

  constructor(world: World, random: SeededRandom, plan: ClientPlan) {
    this.#world = world;
    this.#random = random;
    this.#node = plan.node;
    this.name = plan.name;
    this.principal = plan.principal;
  }

  get user(): UserId {
    return this.principal.userId;
  }

  get isConnected(): boolean {
    return this.#isGreeted;
  }

  /** Left in good order, and has not come back. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Connected, listening where it wants to, every request answered. */
  get isSettled(): boolean {
    if (!this.#isGreeted || this.#isResuming || this.#open.size > 0 || this.#awaited.size > 0) return false;
    for (const view of this.rooms.values()) if (view.wanted !== view.subscribed) return false;
    return true;
  }

  get openRequests(): number {
    return this.#open.size;
  }

  get wire(): SimWire | undefined {
    return this.#wire;
  }

  get history(): ClientHistory {
    const { name, user, requests, faults, notices } = this;
    const rooms = new Map([...this.rooms].map(([room, view]) => [room, view.seen] as const));
    return { name, user, requests, rooms, faults, notices, final: this.#ending };
  }

  /** What it holds to be unsettled, for a person who looks into a failure. */
  describe(): string {
    const open = [...this.#open].map((request) => `${request.body.kind} ${request.room} ${request.clientId}`);
    const rooms = [...this.rooms.values()].filter((view) => view.wanted !== view.subscribed).map((view) => view.room);
    return `${this.name}: greeted ${this.#isGreeted}, resuming ${this.#isResuming}, away ${this.#isAway}, open [${open.join(", ")}], not subscribed [${rooms.join(", ")}], awaited ${[...this.#awaited.keys()].join(",")}`;
  }

  // ---------------------------------------------------------------------------------------------- connections

  connect(): void {
    if (this.#wire !== undefined || this.#isAway) return;
    const node = this.#node();
    if (node === undefined) {
      this.#reconnectLater();
      return;
    }
    this.#connection += 1;
    const connection = this.#connection;
    const arrival = {
      principal: this.principal,
      expiresAtMs: this.#world.clock.wallMs() + YEAR_MS,
      codec: CODECS.msgpack,
      remote: "sim",
      userAgent: "sim",
    };
    this.at = node;
    this.#wire = node.connect(arrival, {
      received: (data) => this.#received(connection, data),
      closed: () => this.#lost(connection),
    });
  }

  /** Closes its connection in good order and stays away until `comeBack`. */
  goAway(): void {
    this.#isAway = true;
    const wire = this.#wire;
    this.#lost(this.#connection);
    wire?.hangUp();
  }

  comeBack(): void {
    this.#isAway = false;
    this.connect();
  }

  #lost(connection: number): void {
    if (connection !== this.#connection || this.#wire === undefined) return;
    this.#note("lost its connection");
    this.#wire = undefined;
    this.#isGreeted = false;
    this.#isResuming = false;
    this.#awaited.clear();
    for (const view of this.rooms.values()) view.subscribed = false;
    for (const request of this.#open)
      if (request.body.kind !== "add_member" && request.body.kind !== "remove_member") request.ref = 0;
    if (!this.#isAway) this.#reconnectLater();
  }

  #reconnectLater(): void {
    this.#world.queue.after(1 + this.#random.next() * RECONNECT_MS_MAX, () => this.connect());
  }

  #greeted(unread: Readonly<Record<RoomId, number>>): void {
    this.#isGreeted = true;
    this.#unread = unread;
    this.#resume();
    // Repeats may follow at once: they stand behind the resume in the same stream.
    for (const request of this.#open) if (request.ref === 0) this.#try(request);
  }

  // ---------------------------------------------------------------------------------------------- listening

  view(room: RoomId): RoomView {
    const known = this.rooms.get(room);
    if (known !== undefined) return known;
    const view = new RoomView(room);
    this.rooms.set(room, view);
    return view;
  }

  /** One resume for all rooms that it has a place in. */
  #resume(): void {
    if (!this.#isGreeted) return;
    const known = [...this.rooms.values()].filter((view) => view.wanted && !view.subscribed);
    for (const view of known) if (view.head === undefined) this.join(view.room);
    const placed = known.filter((view) => view.head !== undefined);
    if (placed.length === 0) return;
    const ref = this.#nextRef();
    const rooms: Record<RoomId, Seq> = {};
    for (const view of placed) rooms[view.room] = view.asked(this.#connection, ref) ?? 0;
    this.#isResuming = true;
    this.#await(ref, (frame) => {
      this.#isResuming = false;
      if (frame.type !== "resumed") return this.#fault(`a resume was answered by ${frame.type}`);
      if (frame.rooms.length !== placed.length)
        this.#fault(`a resume of ${placed.length} rooms brought ${frame.rooms.length}`);
      for (const position of frame.rooms) this.#resumed(ref, position);
    });
    this.#transmit({ type: "resume", ref, rooms });
  }

  #resumed(ref: number, position: RoomPosition): void {
    const view = this.view(position.roomId);
    const counts = view.positioned(this.#connection, ref, position);
    if (position.error === undefined) {
      if (!view.wanted) this.unsubscribe(view.room);
      return;
    }
    // The room may have been joined since, while others held up the answer.
    if (!counts) return;
    if (isTemporary(position.error))
      this.#later(() => !view.subscribed && view.wanted && !this.#isResuming && this.#resume());
    else view.wanted = false;
  }

  join(room: RoomId, clientId: string = this.newKey()): void {
    const view = this.view(room);
    view.wanted = true;
    this.#request(room, { kind: "join_room" }, clientId);
  }

  /** Stops listening; stays a member. */
  unsubscribe(room: RoomId): void {
    const view = this.view(room);
    view.wanted = false;
    if (!this.#isGreeted) return;
    const ref = this.#nextRef();
    const connection = this.#connection;
    this.#await(ref, (frame) => {
      if (frame.type !== "error" || !frame.temporary) view.left(connection, { ref });
      else this.#later(() => !view.wanted && view.subscribed && this.unsubscribe(room));
    });
    this.#transmit({ type: "leave_room", ref, roomId: room });
  }

  // ---------------------------------------------------------------------------------------------- requests

  newKey(): string {
    this.#keys += 1;
    return `${this.name}-${this.#keys}`;
  }

  request(
    room: RoomId,
    body: RequestBody,
    options: { clientId?: string | undefined; probe?: boolean } = {},
  ): RequestHistory {
    const clientId = "clientId" in options ? options.clientId : this.newKey();
    return this.#request(room, body, clientId, options.probe);
  }

  #request(room: RoomId, body: RequestBody, clientId: string | undefined, probe = false): RequestHistory {
    const knownSeq = this.view(room).head ?? 0;
    const request: OpenRequest = { room, body, clientId, probe, knownSeq, tries: [], answers: [], ref: 0 };
    this.requests.push(request);
    this.#open.add(request);
    if (this.#isGreeted || isCall(body)) this.#try(request);
    return request;
  }

  #try(request: OpenRequest): void {
    if (!this.#open.has(request)) return;
    if (isCall(request.body)) return this.#tryCall(request);
    if (!this.#isGreeted) return;
    const ref = this.#nextRef();
    const repeated = request.tries.length > 0;
    // Without a key of its own a request can't be repeated safely: what became of it stays unknown.
    if (repeated && request.clientId === undefined) {
      this.#open.delete(request);
      return;
    }
    request.ref = ref;
    request.tries.push({ atMs: this.#world.queue.nowMs, connection: this.#connection, ref });
    this.#await(ref, (frame) => this.#answered(request, ref, frame));
    const since = request.body.kind === "join_room" ? this.view(request.room).asked(this.#connection, ref) : undefined;
    this.#transmit(requestFrame(request, ref, { since, knownSeq: repeated ? request.knownSeq : undefined }));
  }

  #answered(request: OpenRequest, ref: number, frame: ServerFrame): void {
    const atMs = this.#world.queue.nowMs;
    const view = this.view(request.room);
    if (frame.type === "error") {
      const { code, temporary } = frame;
      request.answers.push({ atMs, ref, kind: "error", code, temporary });
      this.#refused(request, ref, frame);
      return;
    }
    if (frame.type !== "ack") return this.#fault(`${request.body.kind} was answered by ${frame.type}`);
    const { seq = 0, messageId, duplicate = false, position, held } = frame;
    request.answers.push({ atMs, ref, kind: "ack", seq, messageId, duplicate, ...(held === true && { held }) });
    this.#open.delete(request);
    if (position !== undefined) {
      view.positioned(this.#connection, ref, position);
      // Asked for before it changed its mind.
      if (!view.wanted) this.unsubscribe(request.room);
    } else if (request.body.kind === "join_room" || request.body.kind === "create_room") {
      this.#fault(`${request.body.kind} was acked without a position`);
    } else if (request.body.kind === "leave_room") {
      view.wanted = false;
      view.left(this.#connection, { ref });
    }
  }

  #refused(request: OpenRequest, ref: number, frame: ErrorFrame): void {
    // A room may be joined before it was made.
    const early =
      request.body.kind === "join_room" && frame.code === "room_not_found" && request.tries.length < EARLY_TRIES_MAX;
    if ((!frame.temporary && !early) || (frame.temporary && request.clientId === undefined && !isMark(request.body))) {
      this.#open.delete(request);
      const view = this.view(request.room);
      if (request.body.kind === "join_room" && view.refused(ref)) view.wanted = false;
      return;
    }
    request.ref = 0;
    this.#later(() => request.ref === 0 && this.#try(request));
  }

  /** Over HTTP: does not need a connection. */
  #tryCall(request: OpenRequest): void {
    const node = this.#node();
    const { body, room, clientId = this.newKey() } = request;
    if (node === undefined || !isCall(body)) {
      this.#later(() => this.#try(request));
      return;
    }
    const ref = this.#nextRef();
    request.ref = ref;
    request.tries.push({ atMs: this.#world.queue.nowMs, connection: 0, ref });
    const { userId } = body;
    const known = request.tries.length > 1 ? { knownSeq: request.knownSeq } : {};
    const command =
      body.kind === "add_member"
        ? ({ kind: "add_member", userId, role: "member", clientId, ...known } as const)
        : ({ kind: "remove_member", userId, clientId, ...known } as const);
    // The node may die with the answer: then it is asked again.
    const given = this.#world.queue.after(
      CALL_PATIENCE_MS,
      () => this.#open.has(request) && request.ref === ref && this.#try(request),
    );
    node.call(this.principal, { to: "room", room, kind: "mutate", command }, (result) => {
      if (request.ref !== ref || !this.#open.has(request)) return;
      given.cancel();
      const atMs = this.#world.queue.nowMs;
      if (result.ok) {
        const { seq, duplicate } = result.value;
        request.answers.push({ atMs, ref, kind: "ack", seq, messageId: undefined, duplicate });
        this.#open.delete(request);
        return;
      }
      const { code } = result.error;
      request.answers.push({ atMs, ref, kind: "error", code, temporary: isTemporary(code) });
      if (isTemporary(code)) this.#later(() => this.#try(request));
      else this.#open.delete(request);
    });
  }

  setStatus(status: "online" | "offline"): void {
    this.status = status;
    const ref = this.#nextRef();
    this.#await(ref, () => undefined);
    this.#transmit({ type: "set_presence", ref, status });
  }

  /** Without an answer: lost when the connection is. */
  tell(frame: ClientFrame): void {
    this.#transmit(frame);
  }

  // ---------------------------------------------------------------------------------------------- the end

  /** Asks once more where it stands in every room. */
  takePositions(): void {
    const listening = [...this.rooms.values()].filter((view) => view.subscribed);
    const ref = this.#nextRef();
    const rooms: Record<RoomId, Seq> = {};
    for (const view of listening) rooms[view.room] = view.asked(this.#connection, ref) ?? 0;
    this.#await(ref, (frame) => {
      if (frame.type !== "resumed") return this.#fault(`the last resume was answered by ${frame.type}`);
      for (const position of frame.rooms) this.view(position.roomId).positioned(this.#connection, ref, position);
      this.#ending = { status: this.status, positions: frame.rooms, unread: {}, queues: new Map() };
    });
    this.#transmit({ type: "resume", ref, rooms });
  }

  /** Over HTTP: which messages wait for a moderator, as far as it may know. */
  takeQueues(rooms: readonly RoomId[]): void {
    const queues = new Map<RoomId, readonly QueuedMessage[] | string>();
    if (this.#ending !== undefined) this.#ending = { ...this.#ending, queues };
    const ask = { list: "held", limit: QUEUE_MAX } as const;
    for (const room of rooms) {
      this.#node()?.call(this.principal, { to: "room", room, kind: "moderation", ask }, (result) => {
        queues.set(room, result.ok ? (result.value.items ?? []).map(queued) : result.error.code);
      });
    }
  }

  /** After a last new connection: what it was told of unread messages. */
  takeUnread(): void {
    if (this.#ending !== undefined) this.#ending = { ...this.#ending, unread: this.#unread };
  }

  // ---------------------------------------------------------------------------------------------- frames

  #received(connection: number, data: Uint8Array): void {
    if (connection !== this.#connection || this.#wire === undefined) return;
    const { queue, trace } = this.#world;
    const frame = decodeServerFrame(data);
    trace.note(queue.nowMs, `${this.name}/${connection} <- ${frame.type}`, data, frame);
    // A node that goes sends away whoever it has, greeted or not.
    if (!this.#isGreeted && frame.type !== "connection" && frame.type !== "reconnect")
      this.#fault(`the first frame was ${frame.type}`);
    switch (frame.type) {
      case "connection":
        if (this.#isGreeted) this.#fault("greeted twice");
        this.#checkConnection(frame.connectionId, frame.userId);
        this.#greeted(frame.unread.rooms);
        return;
      case "ack":
      case "error":
      case "resumed":
        this.#settle(frame);
        return;
      case "events":
        this.#told(connection, frame);
        return;
      case "moderation_notice":
        this.notices.push(frame);
        return;
      default:
        return;
    }
  }

  #told(connection: number, frame: EventsFrame): void {
    const view = this.view(frame.roomId);
    view.events(connection, frame);
    const last = frame.events[frame.events.length - 1];
    if (last?.type !== "user_left" || last.user.userId !== this.user) return;
    view.wanted = false;
    view.left(connection, { at: last.seq });
  }

  #settle(frame: Extract<ServerFrame, { ref?: unknown }>): void {
    // The refusal of something that wanted no answer.
    if (frame.ref === undefined) return;
    const ref = Number(frame.ref);
    const answer = this.#awaited.get(ref);
    if (answer === undefined) {
      this.#fault(`${frame.type} for ref ${ref}, which awaits none: ${JSON.stringify(frame)}`);
      return;
    }
    this.#awaited.delete(ref);
    answer(frame);
  }

  #checkConnection(id: ConnectionId, user: UserId): void {
    if (user !== this.user || id === "") this.#fault(`connected as ${user}`);
  }

  #await(ref: number, answer: (frame: ServerFrame) => void): void {
    this.#awaited.set(ref, answer);
  }

  #transmit(frame: ClientFrame): void {
    const { queue, trace, codecs } = this.#world;
    if (this.#wire === undefined) return;
    const data = codecs[CODECS.msgpack].encodeClientFrame(frame);
    trace.note(queue.nowMs, `${this.name}/${this.#connection} -> ${frame.type}`, data, frame);
    this.#wire.transmit(data);
  }

  #later(run: () => void): void {
    this.#world.queue.after(5 + this.#random.next() * RETRY_MS_MAX, run);
  }

  #nextRef(): number {
    this.#refs += 1;
    return this.#refs;
  }

  #note(what: string): void {
    this.#world.trace.note(this.#world.queue.nowMs, `${this.name}/${this.#connection} ${what}`);
  }

  #fault(what: string): void {
    this.faults.push(`connection ${this.#connection}: ${what}`);
  }
}

const QUEUE_MAX = 500;

function queued({ value }: { readonly value: object }): QueuedMessage {
  const { seq, author, message } = value as HeldItem;
  return { heldId: messageIdOf(seq), author, content: message.content };
}

/** The edge answers a call within `CALL_MS_MAX`; a dead one never. */
const CALL_PATIENCE_MS = 6_500;
