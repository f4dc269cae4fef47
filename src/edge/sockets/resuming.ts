/** One `resume` of a connection over all of its rooms: each shard has its part, and the answer names every room's position. */
import type { ResumeWishes } from "../../actors/link.ts";
import type { RoomId } from "../../base/ids.ts";
import { REPLAY_BYTES_MAX, ROOMS_PER_CONNECTION_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { ResumeFrame, RoomPosition, ServerFrame } from "../../protocol/frames.ts";
import type { Connection } from "./connection.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { Links } from "../links/links.ts";
import { Resumption } from "./resumption.ts";
import type { ShardCalls } from "./shard-calls.ts";
import type { ShardTarget } from "../links/shard-target.ts";

export class Resuming {
  readonly #links: Links;
  readonly #calls: ShardCalls;
  readonly #rooms: ReadonlyMap<string, EdgeRoom>;

  constructor(links: Links, calls: ShardCalls, rooms: ReadonlyMap<string, EdgeRoom>) {
    this.#links = links;
    this.#calls = calls;
    this.#rooms = rooms;
  }

  resume(
    connection: Connection,
    principal: Principal,
    frame: ResumeFrame,
    answer: (connection: Connection, frame: ServerFrame) => void,
  ): void {
    const wishes = Object.entries(frame.rooms) as [RoomId, number][];
    if (this.#roomsWith(connection, principal, wishes) > ROOMS_PER_CONNECTION_MAX) {
      return connection.reject({ code: "too_many_rooms" }, frame.ref);
    }
    this.ask(connection, principal, wishes, REPLAY_BYTES_MAX, (positions) => {
      answer(connection, {
        type: "resumed",
        ...(frame.ref !== undefined && { ref: frame.ref }),
        rooms: positions,
      });
    });
  }

  /** Asks each shard for its part; the answer comes when the last part is there, after all that was replayed. */
  ask(
    connection: Connection,
    principal: Principal,
    wishes: ResumeWishes,
    bytesMax: number,
    answer: (positions: RoomPosition[]) => void,
  ): void {
    const call = { to: "connection", kind: "resume", connection: connection.no } as const;
    const resumption = new Resumption<ShardTarget>(bytesMax, {
      targetOf: (room) => this.#links.routes.room(principal.tenant, room),
      ask: (target, { rooms, bytesMax: replayBytesMax, isLast }, told) => {
        this.#links.ensureKnown(target, connection);
        const part = { ...call, rooms, replayBytesMax, ...(!isLast && { reports: true as const }) };
        this.#calls.ask(target, principal, part, told);
      },
      done: answer,
    });
    resumption.begin(wishes);
  }

  /** How many rooms the connection would listen to. */
  #roomsWith(connection: Connection, { tenant }: Principal, wishes: readonly (readonly [RoomId, number])[]): number {
    const { rooms } = connection;
    if (rooms === undefined) return wishes.length;
    let count = rooms.size;
    for (const [room] of wishes) {
      const known = this.#rooms.get(`${tenant}/${room}`);
      if (known === undefined || !rooms.has(known)) count += 1;
    }
    return count;
  }
}
