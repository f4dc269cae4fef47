/** What tests of the assistant have in common: rooms that want it, how answers ended, which message an answer is. */
import type { TestClient } from "./client.ts";
import { at, numberAt } from "./json.ts";
import type { Frame } from "./wire.ts";

/** A room of its own for each test, that wants the assistant. */
export async function assistedRoom(client: TestClient, settings: object = {}): Promise<string> {
  const roomId = `ai-${crypto.randomUUID()}`;
  await client.ack({ type: "create_room", roomId, name: "r", roomType: "public", enableAI: true, ...settings });
  return roomId;
}

/** How the answer `messageId`, or any, ended. */
export async function ending(client: TestClient, room: string, messageId?: string): Promise<unknown> {
  return client.event(
    room,
    "ai_response",
    (event) => at(event, "state") !== "streaming" && (messageId === undefined || at(event, "messageId") === messageId),
  );
}

/** The answer's message follows the one that asked. */
export function messageAfter(ack: Frame): string {
  return `msg_${(numberAt(ack, "seq") + 1).toString(36)}`;
}
