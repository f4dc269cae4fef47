/**
 * An engine that remembers what it was asked and answers from a table: enough to test how HTTP maps to calls and back.
 * What the engine does with a call is tested with the real one.
 */
import type { Call, ReplyOf } from "../../../src/actors/calls.ts";
import type { MessageId, RoomId, UserId } from "../../../src/base/ids.ts";
import { type Clock, SystemClock } from "../../../src/base/clock.ts";
import { err, ok, type Result } from "../../../src/base/result.ts";
import { MemoryCluster } from "../../../src/cluster/memory/memory-cluster.ts";
import { MemoryDirectory } from "../../../src/cluster/memory/memory-directory.ts";
import { readConfig } from "../../../src/config/config.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import { createAuth } from "../../../src/edge/auth.ts";
import type { StreamOptions } from "../../../src/edge/streams/streams-plugin.ts";
import type { AppOptions } from "../../../src/edge/http.ts";
import { Rates } from "../../../src/edge/rates/rates.ts";
import { Keeper } from "../../../src/edge/keeping/keeper.ts";
import { Erasures } from "../../../src/edge/keeping/erasures.ts";
import { ErasureSteps } from "../../../src/edge/keeping/erasure-steps.ts";
import { Receipts } from "../../../src/edge/keeping/receipt.ts";
import { Retention } from "../../../src/edge/keeping/retention.ts";
import { DeliveryTrace } from "../../../src/edge/circle/delivery-trace.ts";
import { Dismissals } from "../../../src/edge/circle/dismissals.ts";
import { Profiles } from "../../../src/edge/circle/profiles.ts";
import { PulseDesk } from "../../../src/edge/circle/pulse-desk.ts";
import { TraceDesk } from "../../../src/edge/circle/trace-desk.ts";
import { createLog } from "../../../src/edge/log.ts";
import type { Engine } from "../../../src/edge/ports.ts";
import type { Codec } from "../../../src/protocol/codec.ts";
import type { Rejection } from "../../../src/protocol/errors.ts";
import type { MessageView, PollView, RoomView } from "../../../src/protocol/frames.ts";

export const SECRET = "a secret for tests that is long enough";
const AT = Date.UTC(2025, 8, 29, 10, 30);

export const room: RoomView = {
  roomId: "room_1" as RoomId,
  type: "public",
  name: "General",
  createdBy: "usr_1" as UserId,
  createdAt: AT,
  memberCount: 2,
  maxMembers: 100,
  allowInvites: true,
  lastActivity: AT,
};
export const message: MessageView = {
  messageId: "msg_5" as MessageId,
  roomId: room.roomId,
  seq: 5,
  messageNo: 3,
  authorId: "usr_1" as UserId,
  authorName: "One",
  content: "Hello",
  messageType: "text",
  timestamp: AT,
  reactions: { "👍": { count: 2, users: ["usr_1" as UserId, "usr_2" as UserId] } },
};

export const poll: PollView = {
  question: "Where?",
  options: [
    { text: "here", votes: 1 },
    { text: "there", votes: 2 },
  ],
  choicesMax: 1,
  isAnonymous: false,
  closesAt: AT,
  isClosed: false,
  voters: 3,
};

const REPLIES = {
  mutate: { seq: 5, timestamp: AT, duplicate: false, messageId: message.messageId },
  get_room: { room, role: "owner", unread: 3, mentions: 1 },
  history: { messages: [message], hasMore: true },
  events: {
    events: [{ type: "new_message", seq: 5, timestamp: AT, message }],
    to: 5,
    head: 9,
    missing: { from: 1, to: 4 },
  },
  message: { message },
  messages: { messages: [message] },
  versions: { messageId: message.messageId, versions: [{ content: "Hello", timestamp: AT }], isComplete: true },
  pins: { pins: [{ message, pinnedBy: "usr_2", pinnedAt: AT }] },
  thread: { message, replies: [message], hasMore: true, isFollowing: true, unread: 1 },
  threads: { threads: [{ message, unread: 1 }], hasMore: true },
  mark_thread_read: { threadId: message.messageId, unread: 0 },
  list_threads: { threads: [{ message, unread: 1 }], next: "20.0" },
  members: {
    members: [{ userId: "usr_1", name: "One", role: "owner", joinedAt: AT, isOnline: true }],
    total: 1,
    hasMore: false,
  },
  present: { present: [{ userId: "usr_1", name: "One", status: "away" }], count: 1, hasMore: false },
  moderation: {
    rules: [{ id: "no-ads", action: "reject", words: ["buy"] }],
    heldCount: 1,
    items: [{ id: "o1", value: { at: AT } }],
    hasMore: false,
  },
  reactions: { emoji: "👍", count: 2, users: [{ userId: "usr_1", reactedAt: AT }], hasMore: true },
  voters: { poll, voters: [{ userId: "usr_1", choices: [1], votedAt: AT }], hasMore: false },
  pseudonym_bans: { bans: [{ pseudonym: "anon_1", name: "Guest Heron 42", by: "usr_2", at: AT }], hasMore: false },
  disconnect: { connections: 2 },
  tenant: { moderation: { rules: [], hook: false }, version: 0, hookAvailable: false, items: [], hasMore: false },
  keep: {},
  trace: {
    messageId: message.messageId,
    seq: 5,
    committedAt: AT,
    writtenBy: "node-1/a1",
    epoch: 1,
    node: "node-1",
    isDeleted: false,
    isOwn: false,
    membership: "member",
    joinedSeq: 2,
    isBanned: false,
    deliveredSeq: 5,
    readSeq: 4,
    isBlocking: false,
    notedFromMs: 0,
    routes: [],
    replays: [],
  },
  typing: {},
  check_upload: { files: [] },
  files: {
    files: [{ id: "file_1", type: "image", url: "/f", fileName: "a.png", fileSize: 5, mimeType: "image/png" }],
  },
  mark_read: { readSeq: 5, unread: 0, mentions: 0 },
  mark_unread: { readSeq: 5, unread: 2, mentions: 1 },
  receipts: { readBy: 2, deliveredTo: 3, members: 4, users: [{ userId: "usr_1", name: "One" }], hasMore: false },
  list_rooms: { rooms: [{ ...room, isJoined: true, unread: 3, mentions: 1 }], total: 50 },
  unread_counts: { total: 3, rooms: { room_1: 3 } },
  list_invites: {
    invites: [{ roomId: room.roomId, name: "R", type: "private", memberCount: 2, by: "usr_2", at: AT, until: AT }],
    after: room.roomId,
  },
  standing: { entries: [], after: null },
  view_invite: { room, invite: { invite: "code.room_1", by: "usr_1", at: AT, until: AT, uses: 0 } },
  get_presence: { userId: "usr_1", status: "online", lastSeen: AT, devices: 1, rooms: [room.roomId], own: {} },
  set_presence: { userId: "usr_1", status: "busy", lastSeen: AT, devices: 1, rooms: [], own: {} },
  update_profile: { userId: "usr_1", name: "Own", status: "busy", lastSeen: AT, devices: 1, rooms: [], own: {} },
  reserve_upload: {},
  block_user: {},
  ask: { response: "Yes.", sources: ["msg_1"], responseTimeMs: 12 },
  ask_assistant: { response: "Yes.", sources: [], responseTimeMs: 12 },
  list_blocks: { blocks: [] },
  shared_rooms: { rooms: [[room.roomId]] },
  relay: {},
  notify: {},
  notify_settings: {
    preferences: {},
    tenant: { level: "mentions", withText: true },
    room: {},
    rooms: [],
    browsers: [],
  },
} as const;

export class FakeEngine implements Engine {
  readonly asked: { readonly principal: Principal; readonly call: Call }[] = [];
  /** When set, every call is rejected with it. */
  rejection: Rejection | undefined;
  /** Fields that replace those of the reply. */
  overrides: Partial<Record<Call["kind"], object>> = {};

  async call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    this.asked.push({ principal, call });
    if (this.rejection !== undefined) return err(this.rejection);
    const room_ = call.kind === "mutate" && call.command.kind.endsWith("_room") ? { room } : {};
    return ok({ ...REPLIES[call.kind], ...room_, ...this.overrides[call.kind] } as unknown as ReplyOf<C>);
  }

  get last(): { readonly principal: Principal; readonly call: Call } {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }
}

/** Plain JSON for every codec: which codec was chosen is what the tests look at. */
function jsonCodec(id: Codec["id"]): Codec {
  return {
    id,
    text: true,
    peek: () => err({ code: "invalid_frame" }),
    decode: () => err({ code: "invalid_frame" }),
    encode: (frame) => [new TextEncoder().encode(JSON.stringify(frame))],
  };
}

/** Refuses all. */
const NO_STREAMS: StreamOptions["streams"] = {
  admits: () => ({ code: "unavailable" }),
  listen: () => {
    throw new Error("nobody was admitted");
  },
  poll: () => err({ code: "unavailable" }),
  forsake: () => undefined,
  posted: { post: async () => err({ code: "not_found" }) },
};

/** Options for `createApp` with everything but the parts under test filled in. */
export function appOptions(env: Record<string, string> = {}, clock: Clock = new SystemClock()) {
  const config = readConfig({ NODE_ENV: "test", ...env });
  if (!config.ok) throw new Error(config.error.join("\n"));
  const engine = new FakeEngine();
  const auth = createAuth({ secret: SECRET, clock });
  const log = createLog({ level: "silent", instanceId: "test" });
  const keeper = new Keeper(engine, clock);
  return {
    engine,
    auth,
    config: config.value,
    log,
    keeper,
    erasures: new Erasures({
      ...{ keeper, log },
      steps: new ErasureSteps(keeper, undefined, async () => true),
      searchBehind: () => 0,
      abandonedMs: 0,
      isTurn: () => false,
    }),
    receipts: new Receipts(SECRET),
    retention: new Retention({ keeper, log, days: undefined, everyMs: 3_600_000, isTurn: () => false }),
    health: { ready: () => true, activeConnections: () => 42, dependencies: () => ({ journal: "healthy" as const }) },
    sockets: {
      accept: () => err({ code: "unavailable" as const }),
      codecs: { 0: jsonCodec(0), 1: jsonCodec(1), 2: jsonCodec(2), 3: jsonCodec(3) },
    },
    streams: { streams: NO_STREAMS, isReady: () => true },
    directory: new MemoryDirectory(new MemoryCluster(clock)),
    circle: {
      rates: new Rates({ clock, settings: config.value.limits }),
      accessChanged: () => undefined,
      limitsChanged: () => undefined,
      announce: () => undefined,
      tenantChanged: () => undefined,
      pulse: new PulseDesk({
        clock,
        node: "node-1",
        nodes: () => [{ id: "node-1", instance: "node-1", leaving: false }],
        tell: () => undefined,
        own: () => undefined,
      }),
      profiles: new Profiles({ clock, node: "node-1", others: () => [], tell: () => undefined, engine: () => engine }),
      dismissals: new Dismissals({
        clock,
        node: "node-1",
        others: () => [],
        tell: () => undefined,
        connections: () => [],
      }),
      desk: new TraceDesk({
        clock,
        trace: new DeliveryTrace("node-1", clock),
        rooms: () => new Map(),
        others: () => [],
        tell: () => undefined,
      }),
    },
  } satisfies AppOptions;
}
