/**
 * What the engine asks of a room for retention and erasure, dispatched; the steps are in `room-retention.ts` and `room-erasure.ts`.
 * Invariant: each is answered once; what can't be done now is answered `unavailable` and asked again.
 */
import type { UserId } from "../../base/ids.ts";
import { NAMES, userOfEntry } from "../../domain/room/name-index.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { KeepAsk, KeepReply } from "../keeping-calls.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import { RoomErasure } from "./room-erasure.ts";
import { RoomRetention } from "./room-retention.ts";
import type { ShardEnv } from "../shard-env.ts";

const RETRY_MS = 500;

export class RoomKeeper {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, later: Later) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  follow(request: RoomRequest, ask: KeepAsk, isChanged: boolean): void {
    this.#open.add(request);
    const answer = (result: ReadResult<KeepReply>): void => {
      this.#open.delete(request);
      if (result.ok) answerValue(this.#env, request, result.value);
      else answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    };
    switch (ask.do) {
      case "due":
        return new RoomRetention(this.#env, this.#room, this.#later).due(ask, answer);
      case "trim":
        return new RoomRetention(this.#env, this.#room, this.#later).trim(answer);
      case "find":
        return new RoomErasure(this.#env, this.#room, this.#later).find(ask, answer);
      case "find_heir":
        return new RoomErasure(this.#env, this.#room, this.#later).findHeir(ask, answer);
      case "find_rows":
        return new RoomErasure(this.#env, this.#room, this.#later).findRows(ask, answer);
      case "rewrite":
        return new RoomErasure(this.#env, this.#room, this.#later).rewrite(ask, answer);
      case "erase_member":
        // What they ask in private would be remembered with its answer.
        this.#room.assistant.questions.failAll(ask.userId);
        return answer({ ok: true, value: { changed: isChanged ? 1 : 0 } });
      case "erase_messages":
      case "erase_quotes":
      case "erase_rows":
        return answer({ ok: true, value: { changed: isChanged ? 1 : 0 } });
      case "finish":
        return this.#finish(ask.userId, answer);
    }
  }

  /** Then the next activation reads a log that has none of it. */
  #finish(userId: UserId, answer: (result: ReadResult<KeepReply>) => void): void {
    const { journal } = this.#env;
    this.#room.coverBySnapshot(this.#room.committedSeq, (covered) => {
      if (!covered) return answer({ ok: false, error: "unavailable" });
      journal.clean(
        this.#room.key,
        [{ collection: NAMES, isMeant: (id) => userOfEntry(id) === userId }],
        this.#later((cleaned) => {
          if (!cleaned.ok) return answer(cleaned);
          answer({ ok: true, value: {} });
          this.#room.reread();
        }),
      );
    });
  }
}
