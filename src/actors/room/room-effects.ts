/** Carries out what the domain wants done beside the log, once what it rests on is durable. */
import type { Seq } from "../../base/ids.ts";
import type { RoomEffect } from "../../domain/room/decision.ts";
import { CODECS } from "../../protocol/codec.ts";
import type { Later } from "../actor.ts";
import { userAddress } from "../address.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import { notify } from "./room-notices.ts";
import type { RoomSequels } from "./room-sequels.ts";
import type { ShardEnv } from "../shard-env.ts";

export interface EffectParts {
  readonly env: ShardEnv;
  readonly room: RoomActor;
  readonly sequels: RoomSequels;
  readonly later: Later;
}

export function carryOut(parts: EffectParts, effect: RoomEffect, request: RoomRequest, firstSeq: Seq): void {
  const { env, room, sequels, later } = parts;
  const by = request.by;
  switch (effect.kind) {
    case "typing": {
      const from = request.asker.kind === "frame" ? request.asker.connection : undefined;
      const user = { userId: by.userId, ...(by.name !== undefined && { name: by.name }) };
      if (effect.isTyping) room.audience.ephemera.startTyping(user, from?.codec.id === CODECS.snake, from);
      else room.audience.ephemera.stopTyping(by.userId);
      return;
    }
    case "mark_read":
      room.marks.read(by.userId, effect.seq, request);
      return;
    case "mark_unread":
      room.marks.unread(by.userId, effect.seq, effect.key, request);
      return;
    case "mark_delivered":
      room.marks.delivered(by.userId, effect.seq, request);
      return;
    case "mark_thread_read":
      sequels.messages.markThread(request, effect);
      return;
    case "thread_followed":
      sequels.messages.threadFollowed(effect);
      return;
    case "notify":
    case "notify_all":
      notify(env, room, { effect, by: by.userId, seq: firstSeq }, later);
      return;
    case "remove_files":
      env.removeFiles(room.tenant, room.room, effect.files);
      return;
    case "answer":
      room.assistant.begin(effect.seq, effect.question);
      return;
    case "moderation":
      for (const userId of effect.userIds) {
        const notice = { kind: "moderation", room: room.room, notice: effect.notice } as const;
        env.tell(userAddress(room.tenant, userId), notice);
      }
      return;
  }
}
