/** What the server holds at the end of `client-cuts.ts`, read over REST, past the network that was cut. */
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import type { TestServer } from "../support/server.ts";
import type { RoomFacts, Shown, Told } from "./cut-check.ts";
import { EDITED } from "./cut-page.ts";

export async function factsOf(
  server: TestServer,
  token: string,
  roomId: string,
  said: RoomFacts["said"],
): Promise<RoomFacts> {
  const events: Told[] = [];
  for (let after = 0, hasMore = true; hasMore; ) {
    const path = `/v1/chat/rooms/${roomId}/events?after=${after}&limit=500`;
    const { body } = await server.rest("GET", path, { token });
    for (const event of listAt(body, "data.events")) events.push([numberAt(event, "seq"), textAt(event, "type")]);
    after = numberAt(body, "data.pagination.after");
    hasMore = at(body, "data.pagination.hasMore") === true;
  }
  const messages: Shown[] = [];
  const held: RoomFacts["held"][number][] = [];
  for (let after = "0", hasMore = true; hasMore; ) {
    const path = `/v1/chat/rooms/${roomId}/messages?after=${after}&limit=100`;
    const { body } = await server.rest("GET", path, { token });
    for (const message of listAt(body, "data.messages")) {
      const [seq, content] = [numberAt(message, "seq"), textAt(message, "content")];
      const counts = Object.entries(at(message, "reactionCounts") as Record<string, number>);
      messages.push([
        seq,
        content,
        counts
          .map(([emoji, count]) => `${emoji} ${count}`)
          .sort()
          .join(),
      ]);
      held.push({ text: content.split(EDITED)[0] ?? "", by: textAt(message, "authorId"), seq });
    }
    hasMore = at(body, "data.pagination.hasMore") === true;
    if (hasMore) after = textAt(body, "data.pagination.after");
  }
  return { roomId, events, messages, said, held };
}

/** By room. */
export async function unreadOf(server: TestServer, user: string): Promise<Readonly<Record<string, number>>> {
  const { body } = await server.rest("GET", "/v1/chat/unread", { token: server.token({ user }) });
  return at(body, "data.rooms") as Record<string, number>;
}
