/**
 * One user on this node: their connections, their presence, what they are told outside of rooms, and their room list.
 * Life: reading the user's row → active while connected and for a while after.
 * Invariant: the first frame of a connection is `connection`, and it is sent once, also when the shard was restarted.
 */
import type { Timer } from "../base/clock.ts";
import type { ConnectionId, RoomId, TenantId, UserId } from "../base/ids.ts";
import { FRAME_BYTES_MAX, SHARED_ROOMS_SHOWN_MAX } from "../base/limits.ts";
import {
  deviceOf,
  emptyPresence,
  isIdle,
  type PresenceCommand,
  type PresenceEffect,
  type PresenceState,
  presenceRow,
  stepPresence,
  visibleStatus,
} from "../domain/user/presence.ts";
import type { Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { NotifyReason } from "../domain/room/decision.ts";
import type { ConnectionFrame } from "../protocol/frames.ts";
import type { ReadResult } from "../storage/journal.ts";
import { mentionsAfter, type RoomListItem, type UnreadCount, unreadOf, type UserRow } from "../storage/projections.ts";
import { Actor } from "./actor.ts";
import { addressHash, type RoomAddress, roomAddress, userAddress } from "./address.ts";
import { answerAck, answerRejection, answerValue } from "./answers.ts";
import type { PresenceView, RoomListEntry, UserCalls } from "./calls.ts";
import { sendFrame, type ShardConnection } from "./connections.ts";
import type { ActorMessage } from "./messages.ts";
import type { PresenceWish, UserAsk, UserRequest } from "./request.ts";
import type { ShardEnv } from "./shard-env.ts";
import { UserProfile } from "./user-profile.ts";
import { UserThreads } from "./user-threads.ts";
import { UserBlocks } from "./user-blocks.ts";
import { answerTenantAsk } from "./tenant-admin.ts";
import { roomView } from "./views.ts";

export type UserMessage =
  | UserRequest
  | { readonly to: "opened"; readonly connection: ShardConnection }
  | { readonly to: "closed"; readonly connection: ShardConnection; readonly clean: boolean }
  | { readonly to: "actor"; readonly message: ActorMessage };

/** Pause before the user's row is read again when the store did not answer, milliseconds. */
const ACTIVATION_RETRY_MS = 200;
const RETRY_MS = 500;

/** What whoever listens to the room sees there. */
const SHOWN_IN_ROOM: ReadonlySet<NotifyReason> = new Set<NotifyReason>(["mention", "invite", "reply", "banned"]);

export class UserActor extends Actor<UserMessage> {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  /** Of its address. */
  readonly #hash: number;
  #presence: PresenceState = emptyPresence();
  #row: UserRow | undefined;
  readonly #profile: UserProfile;
  /** The newest introduction of each connection. A list: most people have one or two. */
  readonly #connections: ShardConnection[] = [];
  /** Made when somebody is on the list, or the list is asked for. */
  #blocks: UserBlocks | undefined;
  #hasBlocks = false;
  #graceTimer: Timer | undefined;
  /** Of a custom status that ends. */
  #customStatusTimer: Timer | undefined;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId) {
    super(env);
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#hash = addressHash(userAddress(tenant, userId));
    this.#profile = new UserProfile(userId);
    this.hold();
    this.#readRow();
  }

  get tenant(): TenantId {
    return this.#tenant;
  }

  get userId(): UserId {
    return this.#userId;
  }

  get isIdle(): boolean {
    return isIdle(this.#presence) && !this.hasMail;
  }

  /** By the present view; otherwise another node has, or is about to have, an actor of this user. */
  get isHere(): boolean {
    return this.#env.ownership.isHere(this.#hash);
  }

  protected override receive(message: UserMessage): void {
    switch (message.to) {
      case "opened":
        this.#opened(message.connection);
        return;
      case "closed":
        this.#closed(message.connection, message.clean);
        return;
      case "actor":
        this.#told(message.message);
        return;
      case "user":
        this.#asked(message);
        return;
    }
  }

  protected override originOf(message: UserMessage): UserRequest | undefined {
    return message.to === "user" ? message : undefined;
  }

  protected override endTurn(): void {
    // Whatever a user actor writes, it handed over at once.
    this.rest();
  }

  protected override failed(error: unknown, culprit: UserMessage | undefined): void {
    this.#env.report("user_failed", { tenant: this.#tenant, user: this.#userId, error: String(error) });
    this.#graceTimer?.cancel();
    this.#customStatusTimer?.cancel();
    if (culprit?.to === "user") answerRejection(this.#env, culprit, { code: "internal" });
    for (const message of this.stop()) {
      if (message.to === "user") answerRejection(this.#env, message, { code: "unavailable", retryAfterMs: RETRY_MS });
    }
  }

  // ---------------------------------------------------------------------------------------------- activation

  #readRow(): void {
    this.#env.projections.readUser(
      this.#tenant,
      this.#userId,
      this.later((read) => this.#rowRead(read)),
    );
  }

  #rowRead(read: ReadResult<UserRow | null>): void {
    if (!read.ok) {
      this.#env.clock.after(
        ACTIVATION_RETRY_MS,
        this.later(() => this.#readRow()),
      );
      return;
    }
    const row = read.value ?? undefined;
    this.#row = row;
    if (row !== undefined) this.#profile.load(row);
    this.#hasBlocks = row?.hasBlocks === true;
    const now = this.#env.clock.wallMs();
    const { status = "online", customStatus, customStatusUntil, lastSeen = now } = row ?? {};
    const custom = {
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
    };
    this.#presence = emptyPresence({ status, lastSeen, ...custom }, now);
    if (customStatusUntil !== undefined) this.#awaitCustomStatus(this.#presence.customStatusUntil);
    this.release();
  }

  // ---------------------------------------------------------------------------------------------- connections

  #opened(connection: ShardConnection): void {
    if (connection.closed) return;
    const { connectionId, greeted } = connection.info;
    const before = this.#connections.findIndex(({ info }) => info.connectionId === connectionId);
    if (before === -1) this.#connections.push(connection);
    else this.#connections[before] = connection;
    this.#step({ kind: "connection_opened", connectionId });
    if (this.#profile.claim(connection, this.#row)) this.#save();
    // The shard was restarted: rooms of other shards have told its predecessor who listens, and won't again.
    for (const room of connection.info.rooms ?? []) this.#subscribed(connectionId, room);
    // Rooms that the first one listens to think that they have nobody else to tell.
    if (before === -1 && this.#connections.length === 2) this.showAgain(() => true);
    // What it was sent on the link before this one may have been lost with it.
    connection.greeted = greeted;
    if (!greeted) this.#greet(connection);
  }

  #closed(connection: ShardConnection, clean: boolean): void {
    const { connectionId } = connection.info;
    // Its edge's link began anew: it was opened once more before this one was closed.
    const at = this.#connections.indexOf(connection);
    if (at === -1) return;
    this.#connections.splice(at, 1);
    this.#step({ kind: "connection_closed", connectionId, clean });
  }

  #greet(connection: ShardConnection): void {
    this.#env.projections.unreadCounts(
      this.#tenant,
      this.#userId,
      this.later((read) => {
        if (connection.closed) return;
        if (!read.ok) {
          // Counts that are not known are not told as zero.
          this.#env.clock.after(
            ACTIVATION_RETRY_MS,
            this.later(() => this.#greet(connection)),
          );
          return;
        }
        connection.greeted = true;
        sendFrame(connection, {
          type: "connection",
          status: "connected",
          connectionId: connection.info.connectionId,
          userId: this.#userId,
          heartbeatMs: this.#env.settings.heartbeatMs,
          limits: { frameBytes: FRAME_BYTES_MAX, messageLength: this.#env.settings.messageLengthMax },
          unread: unreadOverview(read.value),
        });
      }),
    );
  }

  #told(message: ActorMessage): void {
    switch (message.kind) {
      case "subscribed":
        this.#subscribed(message.connectionId, message.room);
        return;
      case "unsubscribed":
        this.#step({ kind: "unsubscribed", connectionId: message.connectionId, room: message.room });
        return;
      case "notify":
        this.#notify(message);
        return;
      case "moderation":
        this.#tellOfModeration(message);
        return;
      case "stirred":
        // Asked once for all of them; where every device listens, nobody needs to know.
        if (this.#connections.some((connection) => !this.#listens(connection, message.room)))
          this.#askUnread(message.room);
        return;
      case "unread":
        this.#tellUnread(message);
        return;
      case "thread_unread":
        this.#tellThreadUnread(message);
        return;
      case "presence":
      case "ask_unread":
        return;
    }
  }

  #askUnread(room: RoomId): void {
    this.#env.tell(roomAddress(this.#tenant, room), { kind: "ask_unread", userId: this.#userId });
  }

  #tellUnread({ room, unread, mentions, readSeq, toAll, on }: Extract<ActorMessage, { kind: "unread" }>): void {
    for (const connection of this.#connections) {
      if (!connection.greeted || connection.info.connectionId === on) continue;
      if (!toAll && this.#listens(connection, room)) continue;
      const mentioned = mentions === 0 ? {} : { mentions };
      sendFrame(connection, { type: "notification", kind: "unread", roomId: room, unread, readSeq, ...mentioned });
    }
  }

  #tellThreadUnread(message: Extract<ActorMessage, { kind: "thread_unread" }>): void {
    const { room: roomId, threadId, unread, on } = message;
    for (const connection of this.#connections) {
      if (!connection.greeted || connection.info.connectionId === on) continue;
      sendFrame(connection, { type: "thread_unread", roomId, threadId, unread });
    }
  }

  #listens({ info }: ShardConnection, room: RoomId): boolean {
    return deviceOf(this.#presence, info.connectionId)?.rooms?.has(room) === true;
  }

  #subscribed(
    connectionId: ConnectionId,
    room: Extract<ActorMessage, { kind: "subscribed" | "unsubscribed" }>["room"],
  ): void {
    const effects = this.#step({ kind: "subscribed", connectionId, room });
    if (effects.some((effect) => effect.kind === "announce")) return;
    // A room that was activated anew does not know what its former activation was told, nor we what our former one told it.
    this.#show(room, visibleStatus(this.#presence));
  }

  /** What the rooms were told may not have arrived. */
  showAgain(isTold: (address: RoomAddress) => boolean): void {
    if (!this.isHere) return;
    const status = visibleStatus(this.#presence);
    // Whoever is not to be seen may be seen all the same where that was not heard.
    const rooms = new Set(this.#presence.shown);
    for (const device of this.#presence.devices) for (const room of device.rooms ?? []) rooms.add(room);
    for (const room of rooms) {
      if (isTold(roomAddress(this.#tenant, room))) this.#show(room, status);
    }
  }

  #tellOfModeration({ room, notice }: Extract<ActorMessage, { kind: "moderation" }>): void {
    const { kind: what, ...rest } = notice;
    for (const connection of this.#connections) {
      if (connection.greeted) sendFrame(connection, { type: "moderation_notice", roomId: room, what, ...rest });
    }
  }

  /** Nothing of what somebody does who is blocked is told. */
  #notify(message: Extract<ActorMessage, { kind: "notify" }>): void {
    if (!this.#hasBlocks) return this.#tellDevices(message);
    this.#blockList().has(message.by, (isBlocked) => {
      if (!isBlocked) this.#tellDevices(message);
    });
  }

  #tellDevices(message: Extract<ActorMessage, { kind: "notify" }>): void {
    let isTold = false;
    for (const connection of this.#connections) {
      const isShown = SHOWN_IN_ROOM.has(message.reason) && this.#listens(connection, message.room);
      if (!connection.greeted || isShown) continue;
      isTold = true;
      sendFrame(connection, {
        type: "notification",
        kind: message.reason,
        roomId: message.room,
        by: message.by,
        ...(message.messageId !== undefined && { messageId: message.messageId }),
      });
    }
    // The counts follow at once, not with the room's next round.
    if (isTold && message.reason === "mention") this.#askUnread(message.room);
  }

  // ---------------------------------------------------------------------------------------------- presence

  #step(command: PresenceCommand): readonly PresenceEffect[] {
    const effects = stepPresence(this.#presence, command, this.#env.clock.wallMs());
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  #carryOut(effect: PresenceEffect): void {
    switch (effect.kind) {
      case "announce":
        for (const room of effect.rooms) this.#show(room, effect.status);
        return;
      case "start_grace":
        this.#graceTimer?.cancel();
        this.#graceTimer = this.#env.clock.after(
          this.#env.settings.presenceGraceMs,
          this.later(() => this.#graceElapsed()),
        );
        return;
      case "cancel_grace":
        this.#graceTimer?.cancel();
        return;
      case "await_custom_status":
        this.#awaitCustomStatus(effect.until);
        return;
      case "save":
        this.#save();
        return;
    }
  }

  /** Whoever moved to another node with their actor is not said to be gone by the one that stayed behind. */
  #graceElapsed(): void {
    if (this.isHere) this.#step({ kind: "grace_elapsed" });
    else stepPresence(this.#presence, { kind: "grace_elapsed" }, this.#env.clock.wallMs());
  }

  #awaitCustomStatus(until: number | undefined): void {
    this.#customStatusTimer?.cancel();
    this.#customStatusTimer = undefined;
    if (until === undefined) return;
    this.#customStatusTimer = this.#env.clock.after(
      Math.max(1, until - this.#env.clock.wallMs()),
      this.later(() => void this.#step({ kind: "custom_status_due" })),
    );
  }

  #show(room: Parameters<typeof roomAddress>[1], status: PresenceState["chosen"]): void {
    const { customStatus, customStatusUntil, lastSeen } = this.#presence;
    const custom = {
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
    };
    this.#env.tell(roomAddress(this.#tenant, room), {
      kind: "presence",
      presence: { user: this.#profile.ref, status, ...custom, lastSeen },
      ...(this.#connections.length > 1 && { many: true }),
    });
  }

  #save(saved: (result: ReadResult<true>) => void = () => undefined): void {
    const blocks = this.#hasBlocks ? { hasBlocks: true as const } : {};
    this.#row = { ...this.#profile.row, ...presenceRow(this.#presence), ...blocks };
    // Lost when the store fails now; the next change brings all of it again.
    this.#env.projections.writeUser(this.#tenant, this.#row, saved);
  }

  // ---------------------------------------------------------------------------------------------- requests

  #asked(request: UserRequest): void {
    const { ask } = request;
    switch (ask.kind) {
      case "set_presence": {
        this.#wish(ask);
        if (request.asker.kind === "frame") answerAck(this.#env, request, {});
        else answerValue(this.#env, request, this.#view());
        return;
      }
      case "device_used":
        if (request.asker.kind === "frame") {
          const { connectionId } = request.asker.connection.info;
          this.#step({ kind: "device_used", connectionId, inUse: ask.inUse });
        }
        answerAck(this.#env, request, {});
        return;
      case "get_presence":
        answerValue(this.#env, request, this.#view());
        return;
      case "update_profile":
        this.#updateProfile(request, ask);
        return;
      case "block_user":
        this.#block(request, ask.whom, ask.blocked);
        return;
      case "list_blocks":
        this.#blockList().list(ask, (listed) => {
          if (listed.ok) answerValue(this.#env, request, { blocks: listed.value });
          else answerRejection(this.#env, request, listed.error);
        });
        return;
      case "shared_rooms":
        this.#sharedRooms(request, ask.others);
        return;
      case "tenant":
        answerTenantAsk(this.#env, request, ask.ask, (run) => this.later(run));
        return;
      case "list_rooms":
        this.#listRooms(request, ask.query);
        return;
      case "list_threads":
        new UserThreads(this.#env, this.#tenant, this.#userId, (run) => this.later(run)).list(ask, (read) => {
          if (!read.ok) answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
          else answerValue(this.#env, request, read.value);
        });
        return;
      case "unread_counts":
        this.#unreadCounts(request);
        return;
    }
  }

  #wish({ status = this.#presence.chosen, customStatus, expiresInMs }: Partial<PresenceWish>): void {
    const until = expiresInMs === undefined ? {} : { until: this.#env.clock.wallMs() + expiresInMs };
    this.#step({ kind: "set_status", status, ...(customStatus !== undefined && { customStatus }), ...until });
  }

  /** Told to rooms, and to the person's own devices, once it is stored. */
  #updateProfile(request: UserRequest, ask: Extract<UserAsk, { readonly kind: "update_profile" }>): void {
    this.#wish(ask.presence);
    this.#profile.change(ask.change);
    this.#save(
      this.later((saved) => {
        if (!saved.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        this.#profile.tell(this.#connections);
        const status = visibleStatus(this.#presence);
        for (const room of this.#presence.shown ?? []) this.#show(room, status);
        answerValue(this.#env, request, this.#view());
      }),
    );
  }

  #unreadCounts(request: UserRequest): void {
    this.#env.projections.unreadCounts(
      this.#tenant,
      this.#userId,
      this.later((read) => {
        if (read.ok) answerValue(this.#env, request, unreadOverview(read.value));
        else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      }),
    );
  }

  #blockList(): UserBlocks {
    this.#blocks ??= new UserBlocks(this.#env, this.#tenant, this.#userId, (run) => this.later(run));
    return this.#blocks;
  }

  #block(request: UserRequest, whom: UserId, blocked: boolean): void {
    if (whom === this.#userId) {
      const message = "Nobody can block themselves.";
      return answerRejection(this.#env, request, { code: "invalid_field", field: "userId", message });
    }
    const done = (result: Result<true, Rejection>): void => {
      if (!result.ok) answerRejection(this.#env, request, result.error);
      else if (request.asker.kind === "frame") answerAck(this.#env, request, {});
      else answerValue(this.#env, request, {});
    };
    if (!blocked) return this.#blockList().unblock(whom, done);
    if (this.#hasBlocks) return this.#blockList().block(whom, done);
    // The row says first that there is a list, so that no activation overlooks it.
    this.#hasBlocks = true;
    this.#save(
      this.later((saved) => {
        if (saved.ok) this.#blockList().block(whom, done);
        else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      }),
    );
  }

  #view(): PresenceView {
    const { customStatus, customStatusUntil, lastSeen, devices, shown } = this.#presence;
    const status = visibleStatus(this.#presence);
    const wasHere = this.#row !== undefined || this.#connections.length > 0;
    return {
      ...this.#profile.ref,
      status,
      ...(customStatus !== undefined && { customStatus }),
      ...(customStatusUntil !== undefined && { customStatusUntil }),
      lastSeen: wasHere ? lastSeen : null,
      devices: status === "offline" ? 0 : devices.length,
      rooms: [...(shown ?? [])].slice(0, SHARED_ROOMS_SHOWN_MAX),
      own: this.#profile.own,
    };
  }

  #sharedRooms(request: UserRequest, others: readonly UserId[]): void {
    this.#env.projections.sharedRooms(
      this.#tenant,
      this.#userId,
      others,
      SHARED_ROOMS_SHOWN_MAX,
      this.later((read) => {
        if (!read.ok) answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        else answerValue(this.#env, request, { rooms: read.value });
      }),
    );
  }

  #listRooms(request: UserRequest, query: UserCalls["list_rooms"]["request"]): void {
    const { scope, type, tags, text, limit, offset } = query;
    this.#env.projections.listRooms(
      {
        tenant: this.#tenant,
        userId: this.#userId,
        scope,
        limit,
        offset,
        ...(type && { type }),
        ...(tags && { tags }),
        ...(text && { text }),
      },
      this.later((read) => {
        if (!read.ok) answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        else answerValue(this.#env, request, { rooms: read.value.items.map(listEntry), total: read.value.total });
      }),
    );
  }
}

function listEntry(item: RoomListItem): RoomListEntry {
  const { settings, createdBy, createdAt, memberCount } = item.card;
  const facts = { settings, createdBy, createdAt, memberCount, lastActivity: item.lastActivity };
  const { member } = item;
  const unread = unreadOf(item);
  const mentions = member === undefined || unread === 0 ? 0 : mentionsAfter(member, item.card.mentioned, item.readNo);
  return { ...roomView(item.roomId, facts), isJoined: member !== undefined, unread, mentions };
}

function unreadOverview(counts: ReadonlyMap<RoomId, UnreadCount>): ConnectionFrame["unread"] {
  let total = 0;
  let mentions = 0;
  const rooms: [RoomId, number][] = [];
  const mentionRooms: [RoomId, number][] = [];
  for (const [room, count] of counts) {
    total += count.unread;
    mentions += count.mentions;
    rooms.push([room, count.unread]);
    if (count.mentions > 0) mentionRooms.push([room, count.mentions]);
  }
  // `fromEntries` defines its own properties, so that a room called "__proto__" is only a name.
  const mentioned = mentions === 0 ? {} : { mentions, mentionRooms: Object.fromEntries(mentionRooms) };
  return { total, rooms: Object.fromEntries(rooms), ...mentioned };
}
