import { beforeEach, describe, expect, test } from "bun:test";
import { messageIdOf, type UserId } from "../../../../src/base/ids.ts";
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import { decide } from "../../../../src/domain/room/decide.ts";
import type { DomainEvent } from "../../../../src/domain/room/events.ts";
import { accepted, MESSAGE_LENGTH_MAX, RoomDriver, settingsOf, user } from "./room-driver.ts";

const ANN = user("ann");
let room: RoomDriver;
beforeEach(() => {
  room = new RoomDriver();
  room.populate(settingsOf("public"), { ann: "owner", bob: "member" });
  accepted(room.run({ kind: "send_message", by: ANN, clientId: "first", content: "hi", messageType: "text" }));
});

function events(command: RoomCommand, systemMessages: boolean): readonly DomainEvent[] {
  const context = { now: room.now, messageLengthMax: MESSAGE_LENGTH_MAX, token: () => "", systemMessages };
  const decision = decide(room.state, command, context);
  if (decision.kind !== "accept") throw new Error(`not accepted: ${JSON.stringify(decision)}`);
  return decision.events;
}

const key = { by: ANN, clientId: "c" };
const rename: RoomCommand = { kind: "update_room", ...key, changes: { name: "Lunch" } };
const dismiss: RoomCommand = { kind: "remove_member", ...key, userId: "bob" as UserId };
const pin: RoomCommand = { kind: "pin_message", ...key, messageId: messageIdOf(4) };

describe("what happened to a room", () => {
  test.each([
    [rename, "Name of ann named the room “Lunch”."],
    [dismiss, "Name of ann removed bob."],
    [pin, "Name of ann pinned a message."],
  ])("is told by a message behind its event, where that is wanted: %#", (command, content) => {
    const [event, message, ...others] = events(command, true);
    expect(others).toEqual([]);
    expect(event?.seq).toBe(room.state.head + 1);
    expect(message).toMatchObject({
      kind: "message_sent",
      seq: room.state.head + 2,
      messageNo: 2,
      messageType: "system",
      by: "ann",
      clientId: "c",
      content,
    });
    expect(events(command, false).map(({ kind }) => kind)).not.toContain("message_sent");
    for (const one of events(command, true)) room.write(one);
    expect(room.state.messageCount).toBe(2);
    // The request's answer is the first event's, also when it comes again.
    expect(room.run(command)).toMatchObject({ kind: "duplicate", seq: event?.seq ?? 0 });
  });

  test("is not told when nothing of it is for the timeline", () => {
    const changes = { description: "for hungry people" };
    expect(events({ kind: "update_room", ...key, changes }, true)).toHaveLength(1);
    expect(events({ kind: "leave_room", by: user("bob"), clientId: "c" }, true)).toHaveLength(1);
  });
});
