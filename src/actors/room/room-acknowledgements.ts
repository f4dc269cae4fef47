/** What whoever changed something in a room is told of it: its place, the message as it is now, the room, the invite. */
import { messageIdOf, type Seq, seqOfMessageId } from "../../base/ids.ts";
import type { RoomCommand } from "../../domain/room/commands.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { InviteView, MutationReply } from "../calls.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { roomView } from "../views.ts";
import type { HistoryPages } from "./history-pages.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";
import type { Done } from "./room-sequels.ts";
import type { RoomStanding } from "./room-standing.ts";

const RETRY_MS = 500;

export class RoomAcknowledgements {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;
  readonly #standing: RoomStanding;
  readonly #history: HistoryPages;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, standing: RoomStanding, history: HistoryPages) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
    this.#standing = standing;
    this.#history = history;
  }

  give(request: RoomRequest, done: Done): void {
    const { asker } = request;
    if (asker.kind === "own" || (asker.kind === "frame" && asker.ref === undefined)) {
      return answerAck(this.#env, request, {});
    }
    if (request.command.kind === "create_invite") return this.#acknowledgeInvite(request, done);
    this.#withHeld(request, done, (held) => this.#acknowledge(request, done, held));
  }

  #acknowledge(request: RoomRequest, done: Done, isHeld: boolean): void {
    const messageSeq = done.seq > 0 ? messageSeqOf(request.command, done.seq) : undefined;
    const messageId = messageSeq === undefined ? {} : { messageId: messageIdOf(messageSeq) };
    const duplicate = done.duplicate ? { duplicate: true } : {};
    const held = isHeld ? { held: true as const } : {};
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
        this.#open.add(request);
        this.#room.marks.settleOwn(request.by.userId, () => {
          this.#open.delete(request);
          this.#withMessage(request, base, messageSeq ?? 0);
        });
        return;
      case "edit_message":
      case "vote_poll":
      case "close_poll":
        this.#withMessage(request, base, messageSeq ?? targetOf(request.command) ?? 0);
        return;
      case "follow_thread": {
        const { threadId, follow } = request.command;
        answerValue(this.#env, request, { ...base, threadId, isFollowing: follow });
        return;
      }
      case "set_typing":
        answerValue(this.#env, request, {});
        return;
      default: {
        const { facts } = this.#room;
        const room = facts === undefined ? {} : { room: roomView(this.#room.room, facts) };
        answerValue(this.#env, request, { ...base, ...room, ...(this.isPending(request) && { state: "pending" }) });
      }
    }
  }

  /** A message that waits is not in the room: its sender is told so. One that was sent long ago is looked for in the log. */
  #withHeld(request: RoomRequest, { seq }: Done, answer: (isHeld: boolean) => void): void {
    const { moderation, recent } = this.#room.state;
    if (moderation === undefined || request.command.kind !== "send_message") return answer(false);
    if (recent.covers(seq - 1)) return answer(recent.get(seq)?.kind === "message_held");
    this.#open.add(request);
    this.#room.reads.events(seq - 1, seq, (read) => {
      this.#open.delete(request);
      if (!read.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      answer(read.value[0]?.kind === "message_held");
    });
  }

  /** A call that sent or changed a message is answered with the message as it is now. */
  #withMessage(request: RoomRequest, base: MutationReply, seq: Seq): void {
    this.#open.add(request);
    this.#history.read({ before: seq + 1, after: seq - 1, limit: 1 }, request.by.userId, (page) => {
      this.#open.delete(request);
      if (!page.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      answerValue(this.#env, request, { ...base, ...(page.value[0] !== undefined && { message: page.value[0] }) });
    });
  }

  /** Who joined and is no member had to ask. */
  isPending({ command, by }: RoomRequest): boolean {
    const { members, settings } = this.#room.state;
    return command.kind === "join_room" && settings?.requireApproval === true && members.get(by.userId) === null;
  }

  /** They wait until somebody decides. */
  pending(request: RoomRequest, { seq, timestamp, duplicate }: Done): void {
    answerAck(this.#env, request, { seq, timestamp, ...(duplicate && { duplicate: true }), state: "pending" });
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
}

/** The message that the answer names: the one sent, or the one changed. */
function messageSeqOf(command: RoomCommand, firstSeq: Seq): Seq | undefined {
  return command.kind === "send_message" ? firstSeq : targetOf(command);
}

function targetOf(command: RoomCommand): Seq | undefined {
  return "messageId" in command ? seqOfMessageId(command.messageId) : undefined;
}
