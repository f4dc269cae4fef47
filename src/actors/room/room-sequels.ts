/**
 * What follows an accepted request: the acknowledgement, a subscription with its replay, a page, a view.
 * Invariant: a connection is subscribed in the same turn in which its replay reached the head, so nothing falls between.
 */
import { messageIdOf, type Seq, seqOfMessageId, type UserId } from "../../base/ids.ts";
import { LARGE_ROOM_MEMBERS, POSITION_NAMES_MAX, RECEIPTS_MEMBERS_MAX, RESUME_EVENTS_MAX } from "../../base/limits.ts";
import type { RoomCommand } from "../../domain/room/commands.ts";
import { attachmentOf, type FileItem, fileKey } from "../../domain/room/files.ts";
import { isAllowed } from "../../domain/room/permissions.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { RoomState } from "../../domain/room/state.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { MessageView, RoomPosition } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Mark } from "../../storage/projections.ts";
import { type Acknowledgement, answerAck, answerRejection, answerValue } from "../answers.ts";
import type { InviteView, MutationReply } from "../calls.ts";
import type { ShardConnection } from "../connections.ts";
import { MessageRequests } from "./message-requests.ts";
import { MessageViews } from "./message-views.ts";
import { MemberPages, type MembersQuery } from "./member-pages.ts";
import { NamePages } from "./name-pages.ts";
import { askAboutRoom } from "../user/private-questions.ts";
import { OpenRequests } from "./open-requests.ts";
import type { RoomRequest } from "../request.ts";
import type { Front, HistoryRange } from "./room-reads.ts";
import type { RoomActor } from "./room-actor.ts";
import { RoomFeed } from "./room-feed.ts";
import { RoomKeeper } from "./room-keeper.ts";
import { RoomModeration } from "./room-moderation.ts";
import { RoomNotify } from "./room-notify.ts";
import type { CatchUp, Missing } from "./room-audience.ts";
import { RoomTrace } from "./room-trace.ts";
import { RoomStanding } from "./room-standing.ts";
import type { ShardEnv } from "../shard-env.ts";
import { roomView, userRef } from "../views.ts";

type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;

/** What the command did. `seq` is 0 when there was nothing to write. */
export interface Done {
  readonly seq: Seq;
  readonly timestamp: number;
  readonly duplicate: boolean;
}

const RETRY_MS = 500;

export class RoomSequels {
  /** Of single messages. */
  readonly messages: MessageRequests;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #members: MemberPages;
  readonly #moderation: RoomModeration;
  readonly #views: MessageViews;
  readonly #names: NamePages;
  readonly #standing: RoomStanding;
  readonly #feed: RoomFeed;
  readonly #later: Later;
  readonly #keeper: RoomKeeper;
  readonly #trace: RoomTrace;
  readonly #notify: RoomNotify;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
    this.#open = new OpenRequests(env);
    this.#members = new MemberPages(env.journal, room.key, later);
    this.#moderation = new RoomModeration(env, room, this.#open, later);
    this.#views = new MessageViews(env, room, later);
    this.messages = new MessageRequests(env, room, this.#open, this.#views, later);
    this.#names = new NamePages(env, room, this.#open, this.#views, later);
    this.#standing = new RoomStanding(env, room, later);
    this.#keeper = new RoomKeeper(env, room, this.#open, later);
    this.#trace = new RoomTrace(env, room, this.#open, later);
    this.#feed = new RoomFeed(env, room, this.#open);
    this.#notify = new RoomNotify(env, room, this.#open, this.#views, later);
  }

  get isIdle(): boolean {
    return this.#open.isIdle;
  }

  unanswered(): RoomRequest[] {
    return this.#open.unanswered();
  }

  follow(request: RoomRequest, done: Done): void {
    const { sequel } = request;
    switch (sequel.kind) {
      case "acknowledge":
        // Who asked to leave is not shown what follows, also when the leaving was done before.
        if (request.command.kind === "leave_room" && request.asker.kind === "frame")
          this.#room.audience.unsubscribe(request.asker.connection);
        this.#acknowledge(request, done);
        return;
      case "subscribe":
        if (this.#isPending(request)) answerAck(this.#env, request, pendingAck(done));
        else this.#subscribe(request, sequel.lastSeq);
        return;
      case "unsubscribe":
        if (request.asker.kind === "frame") this.#room.audience.unsubscribe(request.asker.connection);
        answerAck(this.#env, request, {});
        return;
      case "resume":
        this.#resume(request, sequel.gather.connection, sequel.lastSeq);
        return;
      case "view_room":
        this.#viewRoom(request);
        return;
      case "view_invite":
        this.#viewInvite(request);
        return;
      case "standing":
        this.#open.wait(
          request,
          (answer) => this.#standing.list(sequel, answer),
          (page) => {
            answerValue(this.#env, request, page);
          },
        );
        return;
      case "history":
        this.#history(request, sequel);
        return;
      case "events":
        this.#feed.page(request, sequel);
        return;
      case "members":
        this.#listMembers(request, sequel);
        return;
      case "moderation":
        this.#moderation.answer(request, sequel.ask);
        return;
      case "trace":
        this.#trace.answer(request, sequel);
        return;
      case "notify":
        this.#notify.answer(request, sequel.ask);
        return;
      case "receipts":
        this.#receipts(request, sequel);
        return;
      case "ask":
        askAboutRoom({ env: this.#env, room: this.#room, later: this.#later }, request, sequel);
        return;
      case "keep":
        this.#keeper.follow(request, sequel.ask, done.seq > 0);
        return;
      case "present":
        answerValue(this.#env, request, this.#room.audience.ephemera.present(sequel));
        return;
      case "files":
        this.#files(request, sequel.ids);
        return;
      case "reactions":
      case "voters":
      case "pseudonym_bans":
        this.#names.follow(request, sequel);
        return;
      default:
        this.messages.follow(request, sequel);
    }
  }

  /** What nobody was shown yet is for who brought it, and for those who judge whether it will be. */
  #files(request: RoomRequest, ids: readonly string[]): void {
    const { by } = request;
    const keys = ids.map(fileKey);
    if (keys.length === 0) return answerValue(this.#env, request, { files: [] });
    this.#open.wait<readonly (object | null)[]>(
      request,
      (answer) => this.#env.journal.readItems(this.#room.key, keys, this.#later(answer)),
      (items) => {
        const { settings, members, trimmedSeq } = this.#room.state;
        const isJudge =
          settings !== undefined && isAllowed(settings.type, "moderate", by, members.get(by.userId)?.role);
        const files = ids.map((id, i) => {
          const file = items[i] as FileItem | null;
          if (file === null) return null;
          const isShown =
            file.uses.some((seq) => seq > trimmedSeq) || file.by === by.userId || (file.held !== undefined && isJudge);
          return isShown || by.role === "system" ? attachmentOf(id, file) : null;
        });
        answerValue(this.#env, request, { files });
      },
    );
  }

  /** Who joined and is no member had to ask. */
  #isPending({ command, by }: RoomRequest): boolean {
    const { members, settings } = this.#room.state;
    return command.kind === "join_room" && settings?.requireApproval === true && members.get(by.userId) === null;
  }

  #viewInvite(request: RoomRequest): void {
    const preview = this.#standing.preview(request);
    if (preview === undefined) answerRejection(this.#env, request, { code: "invite_not_found" });
    else answerValue(this.#env, request, preview);
  }

  #acknowledgeInvite(request: RoomRequest, done: Done): void {
    const base = { seq: done.seq, timestamp: done.timestamp };
    this.#open.wait<InviteView | undefined>(
      request,
      (answer) => this.#standing.made(done.seq, answer),
      (invite) => {
        if (request.asker.kind === "frame") {
          const code = invite?.invite === undefined ? {} : { invite: invite.invite };
          answerAck(this.#env, request, { ...base, ...(done.duplicate && { duplicate: true }), ...code });
        } else {
          answerValue(this.#env, request, {
            ...base,
            duplicate: done.duplicate,
            ...(invite !== undefined && { invite }),
          });
        }
      },
    );
  }

  #acknowledge(request: RoomRequest, done: Done): void {
    const { asker } = request;
    if (asker.kind === "own" || (asker.kind === "frame" && asker.ref === undefined)) {
      return answerAck(this.#env, request, {});
    }
    if (request.command.kind === "create_invite") return this.#acknowledgeInvite(request, done);
    const messageSeq = done.seq > 0 ? messageSeqOf(request.command, done.seq) : undefined;
    const messageId = messageSeq === undefined ? {} : { messageId: messageIdOf(messageSeq) };
    const duplicate = done.duplicate ? { duplicate: true } : {};
    const held = this.#isHeld(request.command, done.seq) ? { held: true as const } : {};
    if (request.asker.kind === "frame") {
      answerAck(this.#env, request, { ...messageId, seq: done.seq, timestamp: done.timestamp, ...duplicate, ...held });
      return;
    }
    const base: MutationReply = {
      seq: done.seq,
      timestamp: done.timestamp,
      duplicate: done.duplicate,
      ...messageId,
      ...held,
    };
    switch (request.command.kind) {
      case "send_message":
      case "edit_message":
      case "vote_poll":
      case "close_poll":
        this.#withMessage(request, base, messageSeq ?? targetOf(request.command) ?? 0);
        return;
      case "set_typing":
        answerValue(this.#env, request, {});
        return;
      default: {
        const { facts } = this.#room;
        const room = facts === undefined ? {} : { room: roomView(this.#room.room, facts) };
        answerValue(this.#env, request, { ...base, ...room, ...(this.#isPending(request) && { state: "pending" }) });
      }
    }
  }

  /** A message that waits is not in the room: its sender is told so. */
  #isHeld(command: RoomCommand, seq: Seq): boolean {
    const { moderation, recent } = this.#room.state;
    if (moderation === undefined || command.kind !== "send_message") return false;
    return recent.get(seq)?.kind === "message_held";
  }

  /** A call that sent or changed a message is answered with the message as it is now. */
  #withMessage(request: RoomRequest, base: MutationReply, seq: Seq): void {
    this.#open.add(request);
    this.#messages({ before: seq + 1, after: seq - 1, limit: 1 }, request.by.userId, (page) => {
      this.#open.delete(request);
      if (!page.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      answerValue(this.#env, request, { ...base, ...(page.value[0] !== undefined && { message: page.value[0] }) });
    });
  }

  // ---------------------------------------------------------------------------------------------- subscribing

  #subscribe(request: RoomRequest, lastSeq: Seq | undefined): void {
    if (request.asker.kind !== "frame") return answerValue(this.#env, request, {});
    const { connection } = request.asker;
    this.#open.add(request);
    this.#listen(connection, lastSeq ?? this.#room.publishedSeq, (missing) => {
      const position = this.#position(request, missing);
      // What is published from here on may arrive before the answer; its head says where it belongs.
      this.#room.marks.of(request.by.userId, (mark) => {
        this.#open.delete(request);
        if (!mark.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerAck(this.#env, request, { position: { ...position, ...this.#unread(request, mark.value) } });
      });
    });
  }

  #resume(request: RoomRequest, connection: ShardConnection, lastSeq: Seq): void {
    if (request.sequel.kind !== "resume") return;
    const { gather } = request.sequel;
    this.#open.add(request);
    this.#listen(connection, lastSeq, (missing) => {
      this.#open.delete(request);
      gather.add(this.#position(request, missing));
      this.#env.complete(request);
    });
  }

  /** Replays what the connection lacks and subscribes it; then the answer. */
  #listen(connection: ShardConnection, lastSeq: Seq, then: (missing: Missing | undefined) => void): void {
    const { audience } = this.#room;
    const running = audience.catchUpOf(connection);
    if (running !== undefined) {
      // What is on its way is not sent twice.
      running.waiting.push(lastSeq >= running.after ? then : () => this.#listen(connection, lastSeq, then));
      return;
    }
    const catchUp = audience.beginCatchUp(connection, lastSeq);
    this.#replay(catchUp, lastSeq, (missing) => {
      audience.endCatchUp(catchUp, this.#room.publishedSeq);
      if (!catchUp.left) this.#room.assistant.tell(connection);
      then(missing);
      for (const other of catchUp.waiting) other(missing);
    });
  }

  /** Replays (after, head] to one connection; `then` runs in the turn in which nothing is left. */
  #replay(catchUp: CatchUp, after: Seq, then: (missing: Missing | undefined) => void): void {
    const { connection } = catchUp;
    const head = this.#room.publishedSeq;
    const { facts, state, audience, reads } = this.#room;
    if (after >= head || facts === undefined || connection.closed) return then(undefined);
    // Whoever left meanwhile is shown nothing of what came after; the answer says so, or its head would promise it.
    if (catchUp.left) return then({ from: after + 1, to: head });
    // Retention has taken some of it.
    if (after < state.trimmedSeq) return then({ from: after + 1, to: head });
    if (head - after > RESUME_EVENTS_MAX) return then({ from: after + 1, to: head });
    if (state.recent.covers(after)) {
      const missed = state.recent.slice(after, head);
      const sent = !this.#isExpired(missed) && audience.replay(connection, missed, after, facts);
      return then(sent ? undefined : { from: after + 1, to: head });
    }
    reads.events(after, head, (page) => {
      const last = page.ok ? page.value[page.value.length - 1] : undefined;
      // What cannot be read is named, never skipped silently.
      if (!page.ok || last === undefined || this.#isExpired(page.value))
        return then({ from: after + 1, to: this.#room.publishedSeq });
      if (audience.replay(connection, page.value, after, facts)) this.#replay(catchUp, last.seq, then);
      else then({ from: after + 1, to: this.#room.publishedSeq });
    });
  }

  /** Retention is about to take some of it: nobody is shown that any more. */
  #isExpired(events: readonly LogEvent[]): boolean {
    const { fromMs } = this.#room.front;
    if (fromMs === 0) return false;
    const first = events.find(({ kind }) => kind === "message_sent");
    return first !== undefined && first.timestamp < fromMs;
  }

  #unread(request: RoomRequest, mark: Mark): Pick<RoomPosition, "unread" | "mentions" | "readSeq"> {
    const { state, marks } = this.#room;
    const { unread, mentions } = marks.countsOf(mark, state.members.get(request.by.userId));
    return { unread, readSeq: mark.readSeq, ...(mentions > 0 && { mentions }) };
  }

  #position(request: RoomRequest, missing: Missing | undefined): RoomPosition {
    const { room, state, audience, publishedSeq } = this.#room;
    const member = state.members.get(request.by.userId);
    return {
      roomId: room,
      head: publishedSeq,
      ...(member != null && { role: member.role }),
      typing: audience.ephemera.typingUsers,
      present: audience.ephemera.presentUsers,
      ...(audience.ephemera.presentCount > POSITION_NAMES_MAX && { presentCount: audience.ephemera.presentCount }),
      ...(missing !== undefined && { missing }),
      ...(state.memberCount >= LARGE_ROOM_MEMBERS && { memberCount: state.memberCount }),
    };
  }

  // ---------------------------------------------------------------------------------------------- reading

  #viewRoom(request: RoomRequest): void {
    const { facts, state, marks, room } = this.#room;
    if (facts === undefined) return answerRejection(this.#env, request, { code: "room_not_found" });
    this.#open.add(request);
    marks.of(request.by.userId, (mark) => {
      this.#open.delete(request);
      if (!mark.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      const member = state.members.get(request.by.userId);
      const counts = marks.countsOf(mark.value, member);
      answerValue(this.#env, request, { room: roomView(room, facts), role: member?.role ?? null, ...counts });
    });
  }

  #history(request: RoomRequest, page: { readonly before?: Seq; readonly after?: Seq; readonly limit: number }): void {
    this.#open.add(request);
    const head = this.#room.publishedSeq;
    const before = Math.min(page.before ?? head + 1, head + 1);
    this.#messages({ before, after: page.after, limit: page.limit }, request.by.userId, (found) => {
      this.#open.delete(request);
      if (!found.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      const messages = found.value;
      const { front, state } = this.#room;
      const isAtFront = page.after === undefined && messages.length < page.limit;
      const removed =
        page.after === undefined ? isAtFront && isRemovedBefore(front, messages, state) : page.after < front.seq;
      const hasMore =
        page.after === undefined
          ? !isAtFront && (messages[0]?.messageNo ?? 1) > front.no + 1
          : (messages[messages.length - 1]?.messageNo ?? state.messageCount) < state.messageCount;
      this.#open.add(request);
      this.#room.receipts.readersOf(
        messages.map(({ seq }) => seq),
        (readers) => {
          this.#open.delete(request);
          if (!readers.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
          const readBy = readers.value === undefined ? {} : { readBy: readers.value };
          answerValue(this.#env, request, { messages, hasMore, ...readBy, ...(removed && { removed: true }) });
        },
      );
    });
  }

  /** Who has read one message. */
  #receipts(request: RoomRequest, sequel: Extract<RoomRequest["sequel"], { readonly kind: "receipts" }>): void {
    const { seq } = sequel;
    this.#open.add(request);
    const refuse = (rejection: Rejection): void => {
      this.#open.delete(request);
      answerRejection(this.#env, request, rejection);
    };
    if (seq < 1 || seq > this.#room.publishedSeq) return refuse({ code: "message_not_found", field: "messageId" });
    if (!this.#room.receipts.areCounted) {
      const message = `Rooms of more than ${RECEIPTS_MEMBERS_MAX} members have no receipts.`;
      return refuse({ code: "not_found", message });
    }
    this.#room.reads.history({ before: seq + 1, after: seq - 1, limit: 1 }, (found) => {
      if (!found.ok) return refuse({ code: "unavailable", retryAfterMs: RETRY_MS });
      if (found.value.length === 0) return refuse({ code: "message_not_found", field: "messageId" });
      this.#room.receipts.of(seq, sequel, (view) => {
        if (!view.ok) return refuse({ code: "unavailable", retryAfterMs: RETRY_MS });
        this.#open.delete(request);
        answerValue(this.#env, request, view.value);
      });
    });
  }

  #messages(range: HistoryRange, reader: UserId, answer: (messages: ReadResult<readonly MessageView[]>) => void): void {
    this.#room.reads.history(range, (page) => {
      if (!page.ok) return answer(page);
      this.#views.show(page.value, reader, answer);
    });
  }

  #listMembers(request: RoomRequest, query: MembersQuery): void {
    this.#open.add(request);
    const total = this.#room.state.memberCount;
    this.#members.page(query, (page) => {
      this.#open.delete(request);
      if (!page.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      const { next } = page.value;
      const { ephemera } = this.#room.audience;
      const members = page.value.members.map(({ userId, name, avatar, role, joinedAt }) => {
        // Whoever is there is called as they are called now.
        const shown = ephemera.presenceOf(userId)?.user;
        const ref = userRef(userId, shown?.name ?? name, shown?.avatar ?? avatar);
        return { ...ref, role, joinedAt, isOnline: shown !== undefined };
      });
      answerValue(this.#env, request, { members, total, ...(next !== undefined && { next }) });
    });
  }
}

/** Whether anything came before the first message that is left. */
function isRemovedBefore(front: Front, [first]: readonly MessageView[], { messageCount }: RoomState): boolean {
  if (first !== undefined) return (first.messageNo ?? 1) > 1;
  return front.no > 0 || (front.fromMs > 0 && messageCount > 0);
}

function pendingAck({ seq, timestamp, duplicate }: Done): Acknowledgement {
  return { seq, timestamp, ...(duplicate && { duplicate: true }), state: "pending" };
}

/** The message that the answer names: the one sent, or the one changed. */
function messageSeqOf(command: RoomCommand, firstSeq: Seq): Seq | undefined {
  return command.kind === "send_message" ? firstSeq : targetOf(command);
}

function targetOf(command: RoomCommand): Seq | undefined {
  return "messageId" in command ? seqOfMessageId(command.messageId) : undefined;
}
