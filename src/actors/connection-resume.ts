/** A connection's wish to go on in many rooms: each room of the shard replays, the last one sends the positions of all. */
import type { Clock } from "../base/clock.ts";
import type { RoomId } from "../base/ids.ts";
import type { Principal } from "../domain/principal.ts";
import type { RoomPosition } from "../protocol/frames.ts";
import { replayedBytes } from "./connections.ts";
import type { EdgeLink } from "./edge-link.ts";
import { roomRequest } from "./request-building.ts";
import type { LinkCall, ResumeReply } from "./link.ts";
import type { ResumeGather, RoomRequest } from "./request.ts";

export interface ResumeCall {
  readonly link: EdgeLink;
  readonly record: number;
  readonly callNo: number;
  readonly by: Principal;
  readonly call: Extract<LinkCall, { readonly to: "connection" }>;
}

export function resumeConnection(
  { link, record, callNo, by, call }: ResumeCall,
  clock: Clock,
  deliver: (request: RoomRequest) => void,
): void {
  const connection = link.connections.get(call.connection);
  const wanted = call.rooms;
  const positions: RoomPosition[] = [];
  const lacking: [RoomId, number][] = [];
  const done = (): void => {
    const replayed = connection === undefined ? 0 : replayedBytes(connection, clock.monotonicMs());
    const value: ResumeReply = call.reports ? { positions, replayedBytes: replayed, lacking } : positions;
    link.reply(callNo, { ok: true, value });
    link.finish(record);
  };
  if (connection === undefined || wanted.length === 0) return done();
  const gather: ResumeGather = {
    connection,
    bytesMax: call.replayBytesMax,
    mayWait: call.reports === true,
    add: (position, lacks = 0) => {
      positions.push(position);
      if (lacks > 0) lacking.push([position.roomId, lacks]);
      if (positions.length === wanted.length) done();
    },
  };
  for (const [room, lastSeq, goesOn = false] of wanted) {
    const sequel = { kind: "resume", lastSeq, goesOn, gather } as const;
    deliver(
      roomRequest(link, 0, { kind: "frame", connection, ref: undefined }, by, room, { kind: "check_read", by }, sequel),
    );
  }
}
