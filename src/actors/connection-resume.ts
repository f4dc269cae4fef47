/** A connection's wish to go on in many rooms: each room of the shard replays, the last one sends the positions of all. */
import type { Principal } from "../domain/principal.ts";
import type { RoomPosition } from "../protocol/frames.ts";
import type { EdgeLink } from "./edge-link.ts";
import { roomRequest } from "./request-building.ts";
import type { LinkCall } from "./link.ts";
import type { RoomRequest } from "./request.ts";

export interface ResumeCall {
  readonly link: EdgeLink;
  readonly record: number;
  readonly callNo: number;
  readonly by: Principal;
  readonly call: Extract<LinkCall, { readonly to: "connection" }>;
}

export function resumeConnection(
  { link, record, callNo, by, call }: ResumeCall,
  deliver: (request: RoomRequest) => void,
): void {
  const connection = link.connections.get(call.connection);
  const wanted = call.rooms;
  const positions: RoomPosition[] = [];
  const done = (): void => {
    link.reply(callNo, { ok: true, value: positions });
    link.finish(record);
  };
  if (connection === undefined || wanted.length === 0) return done();
  connection.replayBytesMax = call.replayBytesMax;
  const gather = {
    connection,
    add: (position: RoomPosition) => {
      positions.push(position);
      if (positions.length === wanted.length) done();
    },
  };
  for (const [room, lastSeq] of wanted) {
    const sequel = { kind: "resume", lastSeq, gather } as const;
    deliver(
      roomRequest(link, 0, { kind: "frame", connection, ref: undefined }, by, room, { kind: "check_read", by }, sequel),
    );
  }
}
