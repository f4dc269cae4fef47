/**
 * What is asked about single messages of a room: one of them, its earlier versions, the thread that hangs on it, the pinned
 * ones, the threads that somebody follows. Invariant: the room has judged that the asker may read it; who may see more is
 * judged by the command that came with the request.
 */
import { itemKey, messageIdOf, type Seq } from "../../base/ids.ts";
import type { RoomEffect } from "../../domain/room/decision.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import { followsOf, repliesOf, seqId } from "../../domain/room/thread-items.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { ListedItem } from "../../storage/journal.ts";
import type { DocumentOutcome } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { userAddress } from "../address.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { RoomCalls, VersionView } from "../calls.ts";
import type { MessageViews } from "./message-views.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { MessageSequel, RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { HistoryPage } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";
import { TENANT_AUDIT, tenantAuditId } from "../tenant/tenant-audit.ts";
import { ThreadMarks } from "./thread-marks.ts";
import { type Follow, type FollowedThread, noOf, ThreadReads } from "./thread-reads.ts";
import { deletedView } from "../views.ts";

type Found = HistoryPage[number];
type FollowThread = Extract<RoomEffect, { readonly kind: "thread_followed" }>;
type MarkThread = Extract<RoomEffect, { readonly kind: "mark_thread_read" }>;

export class MessageRequests {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #views: MessageViews;
  readonly #later: Later;
  readonly #marks: ThreadMarks;
  readonly #threads: ThreadReads;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, views: MessageViews, later: Later) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
    this.#views = views;
    this.#later = later;
    this.#marks = new ThreadMarks(env.projections, room.tenant, later);
    this.#threads = new ThreadReads(env.journal, room.tenant, this.#marks, later);
  }

  follow(request: RoomRequest, sequel: MessageSequel): void {
    switch (sequel.kind) {
      case "message":
        return this.#message(request, sequel);
      case "messages":
        return this.#messages(request, sequel.seqs);
      case "versions":
        return this.#versions(request, sequel.seq);
      case "pins":
        return this.#pins(request);
      case "thread":
        return this.#thread(request, sequel);
      case "threads":
        return this.#followed(request, sequel);
    }
  }

  /** Answers when the mark is durable. */
  markThread(request: RoomRequest, { root, no, lastNo, follows }: MarkThread): void {
    const { userId } = request.by;
    const threadId = messageIdOf(root);
    this.#open.wait<number>(
      request,
      (done) => {
        // Nothing is counted for whoever does not follow it, and nobody would ever take the mark away again.
        if (follows) this.#marks.advance({ room: this.#room.room, root, userId }, no, done);
        else done({ ok: true, value: no });
      },
      (mark) => {
        const { tenant, room } = this.#room;
        const { asker } = request;
        const unread = Math.max(0, lastNo - mark);
        const on = asker.kind === "frame" ? { on: asker.connection.connectionId } : {};
        this.#env.tell(userAddress(tenant, userId), { kind: "thread_unread", room, threadId, unread, ...on });
        if (asker.kind === "frame") answerAck(this.#env, request, { messageId: threadId });
        else answerValue(this.#env, request, { threadId, unread });
      },
    );
  }

  /** Their devices count anew. A mark that could not be taken away says no more than what was read. */
  threadFollowed({ userId, root, follows }: FollowThread): void {
    const { tenant, room } = this.#room;
    this.#env.tell(userAddress(tenant, userId), {
      kind: "thread_unread",
      room,
      threadId: messageIdOf(root),
      unread: 0,
    });
    if (!follows) this.#marks.forget({ room, root, userId }, () => undefined);
  }

  #message(request: RoomRequest, { seq, deleted }: Extract<MessageSequel, { kind: "message" }>): void {
    this.#find(request, seq, (found) => {
      const { event, overlay } = found;
      if (deleted && overlay?.deletedAt !== undefined) {
        return this.#noteLook(request, seq, () => {
          answerValue(this.#env, request, { message: deletedView(this.#room.room, event, overlay) });
        });
      }
      this.#show(request, [found], ([message]) => answerValue(this.#env, request, { message }));
    });
  }

  #messages(request: RoomRequest, seqs: readonly Seq[]): void {
    const told = seqs.filter((seq) => seq >= 1 && seq <= this.#room.publishedSeq);
    this.#read(request, told, (page) => {
      this.#show(request, page, (messages) => answerValue(this.#env, request, { messages }));
    });
  }

  #versions(request: RoomRequest, seq: Seq): void {
    this.#find(request, seq, (found) => {
      const show = (): void => {
        answerValue(this.#env, request, { messageId: messageIdOf(seq), ...versionsOf(found) });
      };
      if (found.overlay?.deletedAt === undefined) show();
      else this.#noteLook(request, seq, show);
    });
  }

  /** Nobody sees what was deleted without an entry in the tenant's audit log. */
  #noteLook(request: RoomRequest, seq: Seq, then: () => void): void {
    const { projections, random, clock } = this.#env;
    const { tenant, room } = this.#room;
    const at = clock.wallMs();
    const id = tenantAuditId(at, room, random.token(8));
    const entry = { room, action: "deleted_message_seen", by: request.by.userId, at, messageId: messageIdOf(seq) };
    this.#open.wait<DocumentOutcome>(
      request,
      (done) => projections.writeDocument(tenant, TENANT_AUDIT, id, entry, 0, this.#later(done)),
      then,
    );
  }

  #pins(request: RoomRequest): void {
    const { pins } = this.#room.state;
    // Of what is not durable yet, nothing is told.
    const durable = [...pins].filter(([, pin]) => pin.seq <= this.#room.committedSeq);
    const seqs = durable.map(([seq]) => seq).reverse();
    this.#read(request, seqs, (page) => {
      this.#show(request, page, (messages) => {
        const shown = messages.flatMap((message) => {
          const pin = pins.get(message.seq);
          return pin === undefined ? [] : [{ message, pinnedBy: pin.by, pinnedAt: pin.at }];
        });
        answerValue(this.#env, request, { pins: shown });
      });
    });
  }

  #thread(request: RoomRequest, sequel: Extract<MessageSequel, { kind: "thread" }>): void {
    const { root, before, after, limit } = sequel;
    const isBackward = after === undefined && before !== undefined;
    const start = isBackward ? before : after;
    const query = {
      collection: repliesOf(root),
      limit: limit + 1,
      backward: isBackward,
      ...(start !== undefined && { after: seqId(start) }),
    };
    this.#find(request, root, (found) => {
      this.#open.wait<readonly ListedItem[]>(
        request,
        (done) => this.#env.journal.listItems(this.#room.key, query, this.#later(done)),
        (items) => {
          const seqs = items.slice(0, limit).map(({ id }) => Number(id));
          if (isBackward) seqs.reverse();
          this.#replies(request, found, seqs, items.length > limit);
        },
      );
    });
  }

  #replies(request: RoomRequest, root: Found, seqs: readonly Seq[], hasMore: boolean): void {
    this.#read(request, seqs, (page) => {
      this.#show(request, [root, ...page], ([message, ...replies]) => {
        this.#standing(request, root, (standing) => {
          answerValue(this.#env, request, { message, replies, hasMore, ...standing });
        });
      });
    });
  }

  /** Whether the asker follows the thread, and what they have not read of it. */
  #standing(
    request: RoomRequest,
    { event, overlay }: Found,
    then: (standing: { readonly isFollowing: boolean; readonly unread: number }) => void,
  ): void {
    const { userId } = request.by;
    const keys = [itemKey(followsOf(userId), seqId(event.seq))];
    this.#open.wait<readonly (ItemValue | null)[]>(
      request,
      (done) => this.#env.journal.readItems(this.#room.key, keys, this.#later(done)),
      ([item]) => {
        if (item == null) return then({ isFollowing: false, unread: 0 });
        const follow = { room: this.#room.room, root: event.seq, no: noOf(item) };
        this.#open.wait<number>(
          request,
          (done) => this.#threads.unread(follow, overlay, userId, done),
          (unread) => then({ isFollowing: true, unread }),
        );
      },
    );
  }

  #followed(request: RoomRequest, { before, limit }: Extract<MessageSequel, { kind: "threads" }>): void {
    const { userId } = request.by;
    this.#open.wait<readonly Follow[]>(
      request,
      (done) => this.#threads.follows(this.#room.room, userId, { before, limit: limit + 1 }, done),
      (follows) => {
        this.#open.wait<readonly FollowedThread[]>(
          request,
          (done) => this.#threads.threads(follows.slice(0, limit), userId, done),
          (threads) => this.#showFollowed(request, threads, follows.length > limit),
        );
      },
    );
  }

  #showFollowed(request: RoomRequest, threads: readonly FollowedThread[], hasMore: boolean): void {
    const page = threads.map(({ message }) => message);
    this.#show(request, page, (messages) => {
      const shown = messages.map((message, i) => ({ message, unread: threads[i]?.unread ?? 0 }));
      answerValue(this.#env, request, { threads: shown, hasMore });
    });
  }

  // ---------------------------------------------------------------------------------------------- reads

  #find(request: RoomRequest, seq: Seq, then: (found: Found) => void): void {
    const seqs = seq < 1 || seq > this.#room.publishedSeq ? [] : [seq];
    this.#read(request, seqs, ([found]) => {
      if (found !== undefined) then(found);
      else answerRejection(this.#env, request, { code: "message_not_found" });
    });
  }

  #read(request: RoomRequest, seqs: readonly Seq[], then: (page: HistoryPage) => void): void {
    this.#open.wait<HistoryPage>(request, (done) => this.#room.reads.messages(seqs, done), then);
  }

  #show(request: RoomRequest, page: HistoryPage, then: (messages: readonly MessageView[]) => void): void {
    this.#open.wait<readonly MessageView[]>(request, (done) => this.#views.show(page, request.by.userId, done), then);
  }
}

/** The oldest first, the present one last. Of many versions some are in the log alone; the first of all is always at hand. */
function versionsOf({ event, overlay }: Found): Pick<RoomCalls["versions"]["reply"], "versions" | "isComplete"> {
  const history = overlay?.history ?? [];
  const isComplete = history[0] === undefined || history[0].content === event.content;
  const versions: VersionView[] = isComplete ? [] : [{ content: event.content, timestamp: event.timestamp }];
  let from: number | undefined = isComplete ? event.timestamp : undefined;
  for (const { content, until } of history) {
    versions.push({ content, ...(from !== undefined && { timestamp: from }), until });
    from = until;
  }
  versions.push({ content: overlay?.content ?? event.content, ...(from !== undefined && { timestamp: from }) });
  return { versions, isComplete };
}
