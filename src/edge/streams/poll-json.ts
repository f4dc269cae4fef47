/** The answer to a poll, in the envelope of REST: frames are JSON already and are put in as they are. */
import type { PollAnswer } from "./poll-session.ts";

export function pollJson({ connectionId, cursor, frames, closed }: PollAnswer): Uint8Array<ArrayBuffer> {
  const end = closed === undefined ? "" : `,"closed":${JSON.stringify(closed)}`;
  const head = `{"success":true,"data":{"connectionId":${JSON.stringify(connectionId)},"cursor":${JSON.stringify(cursor)}`;
  const parts: Uint8Array[] = [Buffer.from(`${head},"frames":[`)];
  const comma = Buffer.from(",");
  frames.forEach((frame, i) => {
    if (i > 0) parts.push(comma);
    parts.push(frame);
  });
  parts.push(Buffer.from(`]${end}}}`));
  return new Uint8Array(Buffer.concat(parts));
}
