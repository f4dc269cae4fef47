/**
 * The open connections of one person, and what they are told outside of rooms: counts, notifications, decisions of moderators.
 * Invariant: the first frame of a connection is `connection`; nothing else is sent before it.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { FRAME_BYTES_MAX } from "../../base/limits.ts";
import type { NotifyReason } from "../../domain/room/decision.ts";
import type { Later } from "../actor.ts";
import { roomAddress } from "../address.ts";
import { sendFrame, type ShardConnection } from "../connections.ts";
import type { ActorMessage } from "../messages.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { UserBlocks } from "./user-blocks.ts";
import { readOverview } from "./user-overview.ts";

type Told<Kind extends ActorMessage["kind"]> = Extract<ActorMessage, { kind: Kind }>;

/** The actor, as far as its devices have to do with it. */
export interface DevicesOwner {
  readonly tenant: TenantId;
  readonly userId: UserId;
  /** `undefined`: nobody is blocked. */
  readonly blocked: UserBlocks | undefined;
  listens(connection: ShardConnection, room: RoomId): boolean;
  readonly later: Later;
}

/** Pause before counts are read again when the store did not answer, milliseconds. */
const GREETING_RETRY_MS = 200;

/** What whoever listens to the room sees there. */
const SHOWN_IN_ROOM: ReadonlySet<NotifyReason> = new Set<NotifyReason>(["mention", "invite", "reply", "banned"]);

export class UserDevices {
  readonly #env: ShardEnv;
  readonly #owner: DevicesOwner;
  /** The newest introduction of each connection. A list: most people have one or two. */
  readonly #connections: ShardConnection[] = [];

  constructor(env: ShardEnv, owner: DevicesOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  get count(): number {
    return this.#connections.length;
  }

  get all(): readonly ShardConnection[] {
    return this.#connections;
  }

  /** false: it is there already, and was introduced anew. */
  add(connection: ShardConnection): boolean {
    const { connectionId } = connection;
    const before = this.#connections.findIndex((known) => known.connectionId === connectionId);
    if (before === -1) this.#connections.push(connection);
    else this.#connections[before] = connection;
    return before === -1;
  }

  /** false: its edge's link began anew, and it was opened once more before this one was closed. */
  remove(connection: ShardConnection): boolean {
    const at = this.#connections.indexOf(connection);
    if (at === -1) return false;
    this.#connections.splice(at, 1);
    return true;
  }

  greet(connection: ShardConnection): void {
    readOverview(
      this.#env,
      this.#owner,
      (run) => this.#owner.later(run),
      (read) => {
        if (connection.closed) return;
        if (!read.ok) {
          this.#env.clock.after(
            GREETING_RETRY_MS,
            this.#owner.later(() => this.greet(connection)),
          );
          return;
        }
        const { unread, invites } = read.value;
        connection.greeted = true;
        sendFrame(connection, {
          type: "connection",
          status: "connected",
          connectionId: connection.connectionId,
          userId: this.#owner.userId,
          heartbeatMs: this.#env.settings.heartbeatMs,
          limits: { frameBytes: FRAME_BYTES_MAX, messageLength: this.#env.settings.messageLengthMax },
          unread,
          ...(invites > 0 && { invites }),
        });
      },
    );
  }

  /** Asked once for all of them; where every device listens, nobody needs to know. */
  stirred(room: RoomId): void {
    if (this.#connections.some((connection) => !this.#owner.listens(connection, room))) this.#askUnread(room);
  }

  #askUnread(room: RoomId): void {
    this.#env.tell(roomAddress(this.#owner.tenant, room), { kind: "ask_unread", userId: this.#owner.userId });
  }

  tellUnread({ room, unread, mentions, readSeq, toAll, on }: Told<"unread">): void {
    for (const connection of this.#connections) {
      if (!connection.greeted || connection.connectionId === on) continue;
      if (!toAll && this.#owner.listens(connection, room)) continue;
      const mentioned = mentions === 0 ? {} : { mentions };
      sendFrame(connection, { type: "notification", kind: "unread", roomId: room, unread, readSeq, ...mentioned });
    }
  }

  tellThreadUnread(message: Told<"thread_unread">): void {
    const { room: roomId, threadId, unread, on } = message;
    for (const connection of this.#connections) {
      if (!connection.greeted || connection.connectionId === on) continue;
      sendFrame(connection, { type: "thread_unread", roomId, threadId, unread });
    }
  }

  tellOfModeration({ room, notice }: Told<"moderation">): void {
    const { kind: what, ...rest } = notice;
    for (const connection of this.#connections) {
      if (connection.greeted) sendFrame(connection, { type: "moderation_notice", roomId: room, what, ...rest });
    }
  }

  /** Nothing of what somebody does who is blocked is told. */
  notify(message: Told<"notify">): void {
    const { blocked } = this.#owner;
    if (blocked === undefined) return this.#tellDevices(message);
    blocked.has(message.by, (isBlocked) => {
      if (!isBlocked) this.#tellDevices(message);
    });
  }

  #tellDevices(message: Told<"notify">): void {
    let isTold = false;
    for (const connection of this.#connections) {
      const isShown = SHOWN_IN_ROOM.has(message.reason) && this.#owner.listens(connection, message.room);
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
}
