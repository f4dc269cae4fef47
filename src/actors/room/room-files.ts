/** What is known of a room's files, as one person may see it. */
import { attachmentOf, type FileItem, fileKey } from "../../domain/room/files.ts";
import { isAllowed } from "../../domain/room/permissions.ts";
import type { Later } from "../actor.ts";
import { answerValue } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";

export class RoomFiles {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
    this.#later = later;
  }

  /** What nobody was shown yet is for who brought it, and for those who judge whether it will be. */
  list(request: RoomRequest, ids: readonly string[]): void {
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
}
