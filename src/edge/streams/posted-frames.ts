/**
 * What clients without a WebSocket say: frames in requests, which name the connection. The request may arrive at any node; at
 * another one than the connection's it goes over the person's actor, which knows all of their connections.
 * Invariant: frames are those of the person of the request's token; no frame is taken in twice, also when a link repeats it.
 */
import type { Clock } from "../../base/clock.ts";
import type { ConnectionId, RoomId } from "../../base/ids.ts";
import { POSTS_REMEMBERED_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Connection } from "../sockets/connection.ts";
import type { Gateway } from "../sockets/gateway.ts";
import type { StreamSocket } from "./stream-socket.ts";

export interface PostedFramesPorts {
  readonly gateway: Pick<Gateway, "find" | "received" | "call">;
  readonly clock: Clock;
  readonly random: Random;
  /** `undefined`: this connection is none of those. */
  readonly socketOf: (connection: Connection) => StreamSocket | undefined;
}

const PAUSED_RETRY_MS = 1_000;
const POST_ID_LENGTH = 12;
/** Stands for the id of a room that the server is about to name. */
const AS_LONG_AS_MADE = "room_0123456789abcdef0123456789abcdef" as RoomId;

export class PostedFrames {
  readonly #ports: PostedFramesPorts;
  /** When its client said something last, of those that ping. */
  readonly #heardMs = new Map<Connection, number>();
  /** What came over other nodes, the newest, by connection. */
  readonly #relayed = new Map<Connection, Set<string>>();

  constructor(ports: PostedFramesPorts) {
    this.#ports = ports;
  }

  /** Frames in order, each an object of JSON in the connection's dialect; then, if `goes`, the connection ends. */
  async post(
    by: Principal,
    id: ConnectionId,
    frames: readonly string[],
    goes: boolean,
  ): Promise<Result<object, Rejection>> {
    const connection = this.#ports.gateway.find(id);
    if (connection === undefined) return this.#relay(by, id, frames, goes);
    const { principal } = connection;
    const socket = this.#ports.socketOf(connection);
    if (socket === undefined || principal?.tenant !== by.tenant || principal.userId !== by.userId) {
      return err({ code: "not_found" });
    }
    if (connection.isPaused && !goes) return err({ code: "overloaded", retryAfterMs: PAUSED_RETRY_MS });
    for (const frame of frames) this.#take(connection, socket, frame);
    if (goes) connection.dismiss("normal");
    return ok({});
  }

  /** The same, from another node. */
  relayed(connection: Connection, post: string, data: Uint8Array): void {
    const socket = this.#ports.socketOf(connection);
    if (socket === undefined || connection.dismissed) return;
    if (data.length === 0) return connection.dismiss("normal");
    const known = this.#relayed.get(connection) ?? new Set();
    if (known.has(post)) return;
    this.#relayed.set(connection, known.add(post));
    for (const oldest of known) {
      if (known.size <= POSTS_REMEMBERED_MAX) break;
      known.delete(oldest);
    }
    this.#take(connection, socket, Buffer.from(data).toString("utf8"));
  }

  /** A session that the person has at another node, perhaps. */
  dismissElsewhere(by: Principal, id: ConnectionId): void {
    void this.#relay(by, id, [], true);
  }

  /** It pinged, and has said nothing since then. */
  isSilent(connection: Connection, sinceMs: number): boolean {
    const heardMs = this.#heardMs.get(connection);
    return heardMs !== undefined && heardMs < sinceMs;
  }

  forget(connection: Connection): void {
    this.#heardMs.delete(connection);
    this.#relayed.delete(connection);
  }

  #relay(
    by: Principal,
    connectionId: ConnectionId,
    frames: readonly string[],
    goes: boolean,
  ): Promise<Result<object, Rejection>> {
    const post = this.#ports.random.token(POST_ID_LENGTH);
    return this.#ports.gateway.call(by, {
      to: "user",
      user: by.userId,
      kind: "relay",
      connectionId,
      post,
      frames,
      goes,
    });
  }

  #take(connection: Connection, socket: StreamSocket, frame: string): void {
    const header = connection.codec.peek(frame);
    const pings = header.ok && header.value.type === "ping";
    if (pings || this.#heardMs.has(connection)) this.#heardMs.set(connection, this.#ports.clock.monotonicMs());
    const rooms = header.ok ? this.#roomsOf(connection, frame, header.value) : [];
    if (rooms.length > 0 && !socket.hasPlace(rooms)) {
      const message = "More rooms than its cursor can name. Listen with cursor=off, or over another connection.";
      return connection.reject({ code: "too_many_rooms", message }, header.ok ? header.value.ref : undefined);
    }
    this.#ports.gateway.received(connection, frame);
  }

  /** Rooms that it would listen to. */
  #roomsOf(
    connection: Connection,
    frame: string,
    { type, roomId }: { readonly type: string; readonly roomId: RoomId | undefined },
  ): readonly RoomId[] {
    if (type === "join_room" && roomId !== undefined) return [roomId];
    if (type !== "resume" && type !== "create_room") return [];
    const decoded = connection.codec.decode(frame);
    if (decoded.ok && decoded.value.type === "resume") return Object.keys(decoded.value.rooms) as RoomId[];
    if (decoded.ok && decoded.value.type === "create_room") return [decoded.value.roomId ?? AS_LONG_AS_MADE];
    return [];
  }
}
