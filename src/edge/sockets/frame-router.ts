/**
 * The way of a frame from its socket to a shard: by its header alone, or read as a whole where the edge must know more.
 * Invariant: nothing is written for a shard that has not heard of the connection; who writes for one that is behind is not read from.
 */
import type { RoomId } from "../../base/ids.ts";
import { ROOMS_PER_CONNECTION_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { ClientFrame, CreateRoomFrame, ServerFrame } from "../../protocol/frames.ts";
import { refuseUnreadable } from "./admission.ts";
import type { Census } from "../circle/census.ts";
import { type Connection, PAUSE } from "./connection.ts";
import type { Gathered } from "./gathered.ts";
import type { Identity } from "./identity.ts";
import type { Links } from "../links/links.ts";
import { newRoomId } from "../rest/mutations.ts";
import type { Resuming } from "./resuming.ts";
import type { ShardTarget } from "../links/shard-target.ts";

export interface FrameRouterPorts {
  readonly links: Links;
  readonly gathered: Gathered;
  readonly identity: Identity;
  readonly resuming: Resuming;
  readonly census: Pick<Census, "chose"> | undefined;
  /** With what else is sent in this turn. */
  readonly sendLater: (connection: Connection, frame: ServerFrame) => void;
}

export class FrameRouter {
  readonly #ports: FrameRouterPorts;
  readonly #links: Links;
  /** Connections that are not read from until a shard has caught up. */
  readonly #behind = new Set<Connection>();

  constructor(ports: FrameRouterPorts) {
    this.#ports = ports;
    this.#links = ports.links;
  }

  route(connection: Connection, principal: Principal, data: Uint8Array | string): void {
    const header = connection.codec.peek(data);
    if (!header.ok) return refuseUnreadable(connection, header.error, header.error.ref);
    const { type, ref, roomId } = header.value;
    connection.frames += 1;
    switch (type) {
      case "ping":
        connection.send({ type: "pong", ...(ref !== undefined && { ref }) });
        return;
      case "auth":
      case "resume":
      case "create_room":
      case "set_presence":
      case "block_user":
        this.#whole(connection, principal, data);
        return;
      default:
        if (roomId === undefined) return connection.reject({ code: "missing_field", field: "roomId" }, ref);
        if (type === "join_room" && (connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX) {
          return connection.reject({ code: "too_many_rooms" }, ref);
        }
        this.#forward(connection, this.#links.routes.room(principal.tenant, roomId), undefined, data);
    }
  }

  /** Frames that the edge must read as a whole. */
  #whole(connection: Connection, principal: Principal, data: Uint8Array | string): void {
    const decoded = connection.codec.decode(data);
    if (!decoded.ok) return refuseUnreadable(connection, decoded.error, decoded.error.ref);
    const frame: ClientFrame = decoded.value;
    if (frame.type === "auth") void this.#ports.identity.renew(connection, frame);
    else if (frame.type === "resume") this.#ports.resuming.resume(connection, principal, frame, this.#ports.sendLater);
    else if (frame.type === "create_room") this.#createRoom(connection, principal, frame, data);
    else if (frame.type === "block_user") this.#forward(connection, this.#home(principal), undefined, data);
    else if (frame.type === "set_presence") {
      if (frame.auto !== true) this.#ports.census?.chose(principal.tenant, principal.userId, frame.status);
      this.#forward(connection, this.#home(principal), undefined, data);
    }
  }

  #createRoom(connection: Connection, principal: Principal, frame: CreateRoomFrame, data: Uint8Array | string): void {
    if ((connection.rooms?.size ?? 0) >= ROOMS_PER_CONNECTION_MAX)
      return connection.reject({ code: "too_many_rooms" }, frame.ref);
    const key = frame.clientId ?? `${connection.id}:${connection.frames}`;
    const participants = frame.participants ?? [];
    const { roomId, roomType: type } = frame;
    const made = newRoomId(principal.tenant, principal.userId, { participants, roomId, type }, key);
    if (!made.ok) return connection.reject(made.error, frame.ref);
    const room = made.value;
    this.#forward(connection, this.#links.routes.room(principal.tenant, room), room, data);
  }

  #forward(
    connection: Connection,
    target: ShardTarget,
    room: RoomId | undefined,
    data: Uint8Array | string,
    frameNo = connection.frames,
  ): void {
    this.#links.ensureKnown(target, connection);
    target.outlet.writer.frame(connection.no, frameNo, room, data);
    if (target.outlet.isFull) {
      this.#behind.add(connection);
      connection.pause(PAUSE.shard);
    }
    this.#ports.gathered.add();
  }

  /** A shard has caught up. */
  resumeBehind(): void {
    if (this.#behind.size === 0 || this.#links.isAnyFull) return;
    const behind = [...this.#behind];
    this.#behind.clear();
    for (const connection of behind) connection.resume(PAUSE.shard);
  }

  closed(connection: Connection): void {
    this.#behind.delete(connection);
  }

  /** To wherever it should go now, after a loss. */
  repeat(connection: Connection, frameNo: number, room: RoomId | undefined, data: Uint8Array): void {
    const { principal } = connection;
    if (principal === undefined) return;
    const header = connection.codec.peek(data);
    const roomId = room ?? (header.ok ? header.value.roomId : undefined);
    const target = roomId === undefined ? this.#home(principal) : this.#links.routes.room(principal.tenant, roomId);
    this.#forward(connection, target, room, data, frameNo);
  }

  #home({ tenant, userId }: Principal): ShardTarget {
    return this.#links.routes.user(tenant, userId);
  }
}
