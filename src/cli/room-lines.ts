/** A room as lines of JSON: the room, its members, its messages as REST shows them, and how many there were. */
import type { CapsuleReader } from "../capsule/capsule-reader.ts";
import { iso, messageJson } from "../edge/rest/views.ts";

const BYTES_PER_WRITE = 256 * 1024;

export async function writeLines(
  capsule: CapsuleReader,
  path: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const { room, messages, lastSeq } = capsule.facts;
  const sink = Bun.file(path).writer({ highWaterMark: BYTES_PER_WRITE });
  const line = (kind: string, value: object): unknown => sink.write(`${JSON.stringify({ kind, ...value })}\n`);
  const { settings, createdBy, createdAt, memberCount } = capsule.card;
  line("room", { roomId: room, ...settings, createdBy, createdAt: iso(createdAt), memberCount, lastSeq });
  for (const { userId, role, name, joinedAt } of capsule.members()) {
    line("member", { userId, displayName: name ?? null, role, joinedAt: iso(joinedAt) });
  }
  let done = 0;
  for (const view of capsule.messages()) {
    line("message", messageJson(view));
    done += 1;
    if (done % LINES_PER_REPORT !== 0) continue;
    onProgress(done, messages);
    await sink.flush();
  }
  line("end", { messages: done });
  await sink.end();
}
const LINES_PER_REPORT = 1_000;
