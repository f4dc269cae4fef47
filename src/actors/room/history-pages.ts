/** Pages of a room's history, with who has read each message; and who has read one of them. */
import type { Seq, UserId } from "../../base/ids.ts";
import { RECEIPTS_MEMBERS_MAX } from "../../base/limits.ts";
import type { RoomState } from "../../domain/room/state.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { MessageViews } from "./message-views.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";
import type { Front, HistoryRange } from "./room-reads.ts";

const RETRY_MS = 500;

export class HistoryPages {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;
  readonly #views: MessageViews;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, views: MessageViews) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
    this.#views = views;
  }

  page(request: RoomRequest, page: { readonly before?: Seq; readonly after?: Seq; readonly limit: number }): void {
    this.#open.add(request);
    const head = this.#room.publishedSeq;
    const before = Math.min(page.before ?? head + 1, head + 1);
    this.read({ before, after: page.after, limit: page.limit }, request.by.userId, (found) => {
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
  receipts(request: RoomRequest, sequel: Extract<RoomRequest["sequel"], { readonly kind: "receipts" }>): void {
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

  /** As one reader sees them. */
  read(range: HistoryRange, reader: UserId, answer: (messages: ReadResult<readonly MessageView[]>) => void): void {
    this.#room.reads.history(range, (page) => {
      if (!page.ok) return answer(page);
      this.#views.show(page.value, reader, answer);
    });
  }
}

/** Whether anything came before the first message that is left. */
function isRemovedBefore(front: Front, [first]: readonly MessageView[], { messageCount }: RoomState): boolean {
  if (first !== undefined) return (first.messageNo ?? 1) > 1;
  return front.no > 0 || (front.fromMs > 0 && messageCount > 0);
}
