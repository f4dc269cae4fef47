/** A room's messages as people read them: over REST, page by page. */
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import type { TestServer } from "../support/server.ts";
import type { Kept } from "./verdict.ts";

/** All of it, oldest first. */
export async function readHistory(server: TestServer, roomId: string, token: string): Promise<readonly Kept[]> {
  const pages: (readonly Kept[])[] = [];
  let before = "";
  for (;;) {
    const reply = await server.rest("GET", `/v1/chat/rooms/${roomId}/messages?limit=100${before}`, { token });
    if (reply.status !== 200) throw new Error(`history of ${roomId}: ${reply.status} ${reply.text}`);
    const page = listAt(reply.body, "data.messages").map((message) => ({
      messageId: textAt(message, "messageId"),
      seq: numberAt(message, "seq"),
      content: textAt(message, "content"),
    }));
    pages.push(page);
    const first = page[0];
    if (at(reply.body, "data.pagination.hasMore") !== true || first === undefined) return pages.reverse().flat();
    before = `&before=${first.messageId}`;
  }
}
