/** What a person asks of their own actor, over frames and REST: status, profile, blocks, lists over all of their rooms. */
import type { UserId } from "../../base/ids.ts";
import { SHARED_ROOMS_SHOWN_MAX } from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";
import type { UserRef } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import { mentionsAfter, type RoomListItem, unreadOf } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { RoomListEntry, UserCalls } from "../calls.ts";
import { gather } from "../gather.ts";
import type { UserAsk, UserRequest } from "../request.ts";
import { readPeer } from "../room/room-peer.ts";
import type { ShardEnv } from "../shard-env.ts";
import { answerTenantAsk } from "../tenant/tenant-admin.ts";
import { noteAct } from "../tenant/tenant-audit.ts";
import type { UserActor } from "./user-actor.ts";
import { listInvites } from "./user-invites.ts";
import { readUnread } from "./user-overview.ts";
import { answerUserKeep } from "./user-keeping.ts";
import { UserThreads } from "./user-threads.ts";
import { roomView } from "../views.ts";

interface Parts {
  readonly env: ShardEnv;
  readonly user: UserActor;
  readonly later: Later;
}

const RETRY_MS = 500;

export function answerUserAsk(env: ShardEnv, user: UserActor, request: UserRequest, later: Later): void {
  const { ask } = request;
  const parts = { env, user, later };
  switch (ask.kind) {
    case "set_presence": {
      user.presence.wish(ask);
      if (request.asker.kind === "frame") answerAck(env, request, {});
      else answerValue(env, request, user.view());
      return;
    }
    case "device_used":
      if (request.asker.kind === "frame") {
        const { connectionId } = request.asker.connection;
        user.presence.step({ kind: "device_used", connectionId, inUse: ask.inUse });
      }
      answerAck(env, request, {});
      return;
    case "get_presence":
      if (ask.settled === true && request.by.userId === user.userId) user.claimBy(request.by);
      if (ask.settled === true) user.whenProfileIsKnown(() => answerValue(env, request, user.view()));
      else answerValue(env, request, user.view());
      return;
    case "update_profile":
      updateProfile(parts, request, ask);
      return;
    case "block_user":
      block(parts, request, ask.whom, ask.blocked);
      return;
    case "list_blocks":
      user.blockList.list(ask, (listed) => {
        if (listed.ok) answerValue(env, request, { blocks: listed.value });
        else answerRejection(env, request, listed.error);
      });
      return;
    case "reserve_upload":
      user.uploads.reserve(ask, (reserved) => {
        if (reserved.ok) answerValue(env, request, {});
        else answerRejection(env, request, reserved.error);
      });
      return;
    case "relay": {
      const connection = user.devices.all.find(({ connectionId }) => connectionId === ask.connectionId);
      if (connection === undefined || connection.closed) return answerRejection(env, request, { code: "not_found" });
      const { link, no } = connection;
      ask.frames.forEach((frame, i) => void link.out.relay(no, `${ask.post}/${i}`, frame));
      if (ask.goes) link.out.relay(no, ask.post, "");
      answerValue(env, request, {});
      return;
    }
    case "shared_rooms":
      sharedRooms(parts, request, ask.others);
      return;
    case "tenant":
      answerTenantAsk(env, request, ask.ask, later);
      return;
    case "disconnect":
      disconnect(parts, request, ask);
      return;
    case "keep":
      answerUserKeep(env, user, request, ask.ask, later);
      return;
    case "notify":
      if (request.by.role !== "system") return answerRejection(env, request, { code: "forbidden" });
      user.notifications.engine(
        ask.ask,
        () => user.devices.count > 0,
        user.hasBlocks,
        (result) => {
          if (result.ok) answerValue(env, request, result.value);
          else answerRejection(env, request, result.error);
        },
      );
      return;
    case "notify_settings":
      user.notifications.settings(ask.ask, (result) => {
        if (result.ok) answerValue(env, request, result.value);
        else answerRejection(env, request, result.error);
      });
      return;
    case "list_rooms":
      listRooms(parts, request, ask.query);
      return;
    case "list_invites":
      listInvites(env, user, ask, later, (read) => answerRead(env, request, read));
      return;
    case "list_threads":
      new UserThreads(env, user.tenant, user.userId, later).list(ask, (read) => answerRead(env, request, read));
      return;
    case "ask_assistant":
      askAssistant(user, request, ask);
      return;
    case "take_back_ask":
      user.questions.takeBack(request.by.userId, ask.askId);
      answerValue(env, request, {});
      return;
    case "unread_counts":
      readUnread(env, user, later, (read) => answerRead(env, request, read));
      return;
  }
}

function answerRead(env: ShardEnv, request: UserRequest, read: ReadResult<unknown>): void {
  if (read.ok) answerValue(env, request, read.value);
  else answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
}

/** Told to rooms, and to the person's own devices, once it is stored. */
function updateProfile(
  { env, user, later }: Parts,
  request: UserRequest,
  ask: Extract<UserAsk, { readonly kind: "update_profile" }>,
): void {
  user.presence.wish(ask.presence);
  user.profile.change(ask.change);
  user.save(
    later((saved) => {
      if (!saved.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      user.profile.tell(user.devices.all);
      user.presence.showEverywhere();
      answerValue(env, request, user.view());
    }),
  );
}

/** Where the edges have ended theirs, whoever is there has come since. */
function disconnect(
  { env, user, later }: Parts,
  request: UserRequest,
  { ended = { connections: 0, nodes: [] }, reason }: Extract<UserAsk, { readonly kind: "disconnect" }>,
): void {
  if (request.by.role === "user") return answerRejection(env, request, ADMINS_ONLY);
  const open = user.devices.all.filter(({ link }) => !ended.nodes.includes(link.edge ?? env.settings.node));
  for (const { link, no } of open) link.out.close(no, "disconnected");
  const connections = ended.connections + open.length;
  const details = { connections: String(connections) };
  const act = { action: "user_disconnected", userId: user.userId, details, ...(reason !== undefined && { reason }) };
  noteAct(
    env,
    request.by,
    act,
    later(() => answerValue(env, request, { connections })),
  );
}

/** About no room, so that it knows of none. */
function askAssistant(
  user: UserActor,
  request: UserRequest,
  { question, topic }: Extract<UserAsk, { readonly kind: "ask_assistant" }>,
): void {
  user.questions.ask(request, {
    tenant: user.tenant,
    user: user.userId,
    userName: request.by.name ?? user.userId,
    task: "answer",
    text: question,
    context: [],
    ...(topic !== undefined && { topic }),
  });
}

function block({ env, user, later }: Parts, request: UserRequest, whom: UserId, blocked: boolean): void {
  if (whom === user.userId) {
    const message = "Nobody can block themselves.";
    return answerRejection(env, request, { code: "invalid_field", field: "userId", message });
  }
  const done = (result: Result<true, Rejection>): void => {
    if (!result.ok) answerRejection(env, request, result.error);
    else if (request.asker.kind === "frame") answerAck(env, request, {});
    else answerValue(env, request, {});
  };
  if (!blocked) return user.blockList.unblock(whom, done);
  if (user.hasBlocks) return user.blockList.block(whom, done);
  // The row says first that there is a list, so that no activation overlooks it.
  user.hasBlocks = true;
  user.save(
    later((saved) => {
      if (saved.ok) user.blockList.block(whom, done);
      else answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    }),
  );
}

function sharedRooms({ env, user, later }: Parts, request: UserRequest, others: readonly UserId[]): void {
  env.projections.sharedRooms(
    user.tenant,
    user.userId,
    others,
    SHARED_ROOMS_SHOWN_MAX,
    later((read) => {
      if (!read.ok) answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      else answerValue(env, request, { rooms: read.value });
    }),
  );
}

function listRooms({ env, user, later }: Parts, request: UserRequest, query: UserCalls["list_rooms"]["request"]): void {
  const { scope, type, tags, text, archived, limit, offset } = query;
  if (scope === "all" && request.by.role === "user") return answerRejection(env, request, ADMINS_ONLY);
  env.projections.listRooms(
    {
      tenant: user.tenant,
      userId: user.userId,
      scope,
      limit,
      offset,
      ...(type && { type }),
      ...(tags && { tags }),
      ...(text && { text }),
      ...(archived && { archived }),
    },
    later((read) => {
      if (!read.ok) answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      else withPeers({ env, user, later }, request, read.value, query.peers === true);
    }),
  );
}

function withPeers(
  { env, user: { tenant, userId }, later }: Parts,
  request: UserRequest,
  { items, total }: { readonly items: readonly RoomListItem[]; readonly total: number },
  areWanted: boolean,
): void {
  const isPair = ({ card, member }: RoomListItem) => card.settings.type === "direct" && member !== undefined;
  const pairs = areWanted ? items.filter(isPair) : [];
  gather<UserRef | null>(
    pairs.map(
      ({ roomId: room }) =>
        (done) =>
          readPeer(env.journal, { tenant, room, incarnation: 1 }, userId, later, done),
    ),
    (read) => {
      if (!read.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      const peers = new Map(pairs.map(({ roomId }, i) => [roomId, read.value[i] ?? undefined]));
      answerValue(env, request, { rooms: items.map((item) => listEntry(item, peers.get(item.roomId))), total });
    },
  );
}

function listEntry(item: RoomListItem, peer: UserRef | undefined): RoomListEntry {
  const { settings, createdBy, createdAt, memberCount } = item.card;
  const facts = { settings, createdBy, createdAt, memberCount, lastActivity: item.lastActivity };
  const { member } = item;
  const unread = unreadOf(item);
  const mentions = member === undefined || unread === 0 ? 0 : mentionsAfter(member, item.card.mentioned, item.readNo);
  const { messageCount } = item;
  const own = { isJoined: member !== undefined, ...(peer && { peer }), messageCount, unread, mentions };
  return { ...roomView(item.roomId, facts), ...own };
}
