/**
 * Messages that the engine writes itself, so that what happened to a room stands among its messages, where people look for it:
 * a new name, somebody removed or banned, a message pinned. Only where the operator wants them: each is a message more, and
 * unread. Invariant: they follow the events that they tell of, in the same request.
 */
import type { RoomCommand } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { DomainEvent, MessageSent } from "../events.ts";
import type { RoomState } from "../state.ts";
import type { DecideContext } from "./answer.ts";

export function withSystemMessages(
  state: RoomState,
  command: RoomCommand,
  decision: Decision,
  { systemMessages }: DecideContext,
): Decision {
  if (systemMessages !== true || decision.kind !== "accept") return decision;
  const { by } = command;
  const name = by.name ?? by.userId;
  const told: MessageSent[] = [];
  for (const event of decision.events) {
    const words = wordsFor(state, event);
    if (words === undefined) continue;
    const { timestamp, clientId, bodyHash } = event;
    told.push({
      kind: "message_sent",
      seq: state.head + 1 + decision.events.length + told.length,
      timestamp,
      by: by.userId,
      ...(clientId !== undefined && { clientId }),
      ...(bodyHash !== undefined && { bodyHash }),
      messageNo: state.messageCount + 1 + told.length,
      messageType: "system",
      content: `${name} ${words}.`,
      authorName: name,
    });
  }
  return told.length === 0 ? decision : { ...decision, events: [...decision.events, ...told] };
}

function wordsFor({ settings, members }: RoomState, event: DomainEvent): string | undefined {
  switch (event.kind) {
    case "room_updated":
      return event.settings.name === settings?.name ? undefined : `named the room “${event.settings.name}”`;
    case "member_left":
      if (event.reason === "left") return undefined;
      return `${event.reason} ${members.get(event.userId)?.name ?? event.userId}`;
    case "message_pinned":
      return "pinned a message";
    default:
      return undefined;
  }
}
