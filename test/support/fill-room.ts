/** Many messages in a room, as fast as the server takes them: over a socket that does not listen to the room. */
import { LANE_REQUESTS_MAX } from "../../src/base/limits.ts";
import type { TestServer } from "./server.ts";
import { TestClient } from "./client.ts";

/** Fewer than may wait behind one that waits for rows: one that is refused would leave a hole that nobody sees. */
const CHUNK = LANE_REQUESTS_MAX / 2;
const CHUNK_MS_MAX = 30_000;

/** The user is a member already. `text` says what each says, from 0 on. */
export async function fillRoom(
  server: TestServer,
  { roomId, token, count, text }: { roomId: string; token: string; count: number; text: (number: number) => string },
): Promise<void> {
  const client = await TestClient.connect(server, { token, wire: "json" });
  for (let sent = 0; sent < count; ) {
    const end = Math.min(count, sent + CHUNK);
    for (; sent < end - 1; sent += 1) client.send({ type: "send_message", roomId, content: text(sent) });
    // Of one sender they are done in order: the last one's answer is the answer for all.
    await client.ack({ type: "send_message", roomId, content: text(sent) }, CHUNK_MS_MAX);
    sent += 1;
  }
  await client.close();
}
