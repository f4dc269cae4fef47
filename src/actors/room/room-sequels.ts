/**
 * What follows an accepted request, dispatched: the acknowledgement, a subscription with its replay, a page, a view.
 * Invariant: each request is answered once, by the part that its sequel belongs to.
 */
import type { Seq } from "../../base/ids.ts";
import type { UserRef } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { askAboutRoom } from "../user/private-questions.ts";
import { roomView } from "../views.ts";
import { HistoryPages } from "./history-pages.ts";
import { MemberLists } from "./member-lists.ts";
import { MessageRequests } from "./message-requests.ts";
import { MessageViews } from "./message-views.ts";
import { NamePages } from "./name-pages.ts";
import { OpenRequests } from "./open-requests.ts";
import { RoomAcknowledgements } from "./room-acknowledgements.ts";
import type { RoomActor } from "./room-actor.ts";
import { RoomFeed } from "./room-feed.ts";
import { RoomFiles } from "./room-files.ts";
import { RoomKeeper } from "./room-keeper.ts";
import { RoomListening } from "./room-listening.ts";
import { RoomModeration } from "./room-moderation.ts";
import { RoomNotify } from "./room-notify.ts";
import { readPeer } from "./room-peer.ts";
import { RoomStanding } from "./room-standing.ts";
import { RoomTrace } from "./room-trace.ts";

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
  readonly #members: MemberLists;
  readonly #moderation: RoomModeration;
  readonly #history: HistoryPages;
  readonly #listening: RoomListening;
  readonly #acknowledgements: RoomAcknowledgements;
  readonly #files: RoomFiles;
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
    this.#members = new MemberLists(env, room, this.#open, later);
    this.#moderation = new RoomModeration(env, room, this.#open, later);
    const views = new MessageViews(env, room, later);
    this.messages = new MessageRequests(env, room, this.#open, views, later);
    this.#names = new NamePages(env, room, this.#open, views, later);
    this.#standing = new RoomStanding(env, room, later);
    this.#history = new HistoryPages(env, room, this.#open, views);
    this.#listening = new RoomListening(env, room, this.#open);
    this.#acknowledgements = new RoomAcknowledgements(env, room, this.#open, this.#standing, this.#history);
    this.#files = new RoomFiles(env, room, this.#open, later);
    this.#keeper = new RoomKeeper(env, room, this.#open, later);
    this.#trace = new RoomTrace(env, room, this.#open, later);
    this.#feed = new RoomFeed(env, room, this.#open);
    this.#notify = new RoomNotify(env, room, this.#open, views, later);
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
        this.#acknowledgements.give(request, done);
        return;
      case "subscribe":
        if (this.#acknowledgements.isPending(request)) this.#acknowledgements.pending(request, done);
        else this.#listening.subscribe(request, sequel.lastSeq);
        return;
      case "unsubscribe":
        if (request.asker.kind === "frame") this.#room.audience.unsubscribe(request.asker.connection);
        answerAck(this.#env, request, {});
        return;
      case "resume":
        this.#listening.resume(request, sequel);
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
        this.#history.page(request, sequel);
        return;
      case "events":
        this.#feed.page(request, sequel);
        return;
      case "members":
        this.#members.list(request, sequel);
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
        this.#history.receipts(request, sequel);
        return;
      case "ask":
        askAboutRoom({ env: this.#env, room: this.#room, later: this.#later }, request, sequel);
        return;
      case "take_back_ask":
        this.#room.assistant.questions.takeBack(request.by.userId, sequel.askId);
        answerValue(this.#env, request, { messages: [] });
        return;
      case "keep":
        this.#keeper.follow(request, sequel.ask, done.seq > 0);
        return;
      case "present":
        answerValue(this.#env, request, this.#room.audience.ephemera.present(sequel));
        return;
      case "files":
        this.#files.list(request, sequel.ids);
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

  #viewInvite(request: RoomRequest): void {
    const preview = this.#standing.preview(request);
    if (preview === undefined) answerRejection(this.#env, request, { code: "invite_not_found" });
    else answerValue(this.#env, request, preview);
  }

  #viewRoom(request: RoomRequest): void {
    const { facts, state, marks, room } = this.#room;
    if (facts === undefined) return answerRejection(this.#env, request, { code: "room_not_found" });
    this.#open.add(request);
    marks.of(request.by.userId, (mark) => {
      this.#open.delete(request);
      if (!mark.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      const member = state.members.get(request.by.userId);
      const counts = marks.countsOf(mark.value, member);
      const view = { room: roomView(room, facts), role: member?.role ?? null, ...counts };
      if (facts.settings.type !== "direct" || member == null) answerValue(this.#env, request, view);
      else this.#withPeer(request, (peer) => answerValue(this.#env, request, { ...view, ...(peer && { peer }) }));
    });
  }

  #withPeer(request: RoomRequest, then: (peer: UserRef | null) => void): void {
    const { journal } = this.#env;
    this.#open.wait<UserRef | null>(
      request,
      (done) => readPeer(journal, this.#room.key, request.by.userId, this.#later, done),
      then,
    );
  }
}
