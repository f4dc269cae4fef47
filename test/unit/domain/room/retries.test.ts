import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../../src/base/ids.ts";
import { DUPLICATE_WINDOW_AGE_MS_MAX, DUPLICATE_WINDOW_EVENTS_MIN } from "../../../../src/base/limits.ts";
import type { RoomMutation } from "../../../../src/domain/room/commands.ts";
import { bodyHashOf } from "../../../../src/domain/room/body-hash.ts";
import { accepted, RoomDriver, rejection, settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");

function room(): RoomDriver {
  const driver = new RoomDriver();
  driver.populate(settingsOf("public"), { ann: "owner", bob: "member" });
  return driver;
}

describe("a request that comes again", () => {
  test("is answered with the sequence and time of the first, and written once", () => {
    const driver = room();
    const send = { kind: "send_message", by: BOB, clientId: "x", content: "hi", messageType: "text" } as const;
    accepted(driver.run(send));
    driver.now += 60_000;
    expect(driver.run(send)).toEqual({ kind: "duplicate", seq: 4, timestamp: START_MS });
    expect(driver.state.head).toBe(4);
  });

  test("of several events is answered with the first of them", () => {
    const driver = new RoomDriver();
    const participants = ["bob" as UserId];
    const create = {
      kind: "create_room",
      by: ANN,
      clientId: "x",
      settings: settingsOf("group"),
      participants,
    } as const;
    accepted(driver.run(create));
    expect(driver.run(create)).toEqual({ kind: "duplicate", seq: 1, timestamp: START_MS });
  });

  test("with another body is a conflict; from another person it is another request", () => {
    const driver = room();
    const send = { kind: "send_message", by: BOB, clientId: "x", content: "hi", messageType: "text" } as const;
    accepted(driver.run(send));
    expect(rejection(driver.run({ ...send, content: "ho" }))).toBe("conflict clientId");
    expect(rejection(driver.run({ kind: "leave_room", by: BOB, clientId: "x" }))).toBe("conflict clientId");
    expect(accepted(driver.run({ ...send, by: ANN }))).toHaveLength(1);
  });

  test("is answered as then even when the asker may no longer do it", () => {
    const driver = room();
    const leave = { kind: "leave_room", by: BOB, clientId: "x" } as const;
    accepted(driver.run(leave));
    expect(driver.run(leave)).toMatchObject({ kind: "duplicate", seq: 4 });
  });

  test("too late to tell is refused, and never written twice", () => {
    const driver = room();
    const send = { kind: "send_message", by: BOB, content: "hi", messageType: "text" } as const;
    const first = driver.state.head + 1;
    for (let i = 0; i < 5; i += 1) accepted(driver.run({ ...send, clientId: `old ${i}` }));
    driver.now += DUPLICATE_WINDOW_AGE_MS_MAX + 1;
    for (let i = 0; i < DUPLICATE_WINDOW_EVENTS_MIN; i += 1) accepted(driver.run({ ...send, clientId: `new ${i}` }));
    // The last of the old ones is the newest that was forgotten.
    expect(driver.state.window.floor).toBe(first + 4);
    const retry = { ...send, clientId: "old 4" };
    expect(rejection(driver.run({ ...retry, knownSeq: first + 3 }))).toBe("retry_expired");
    expect(accepted(driver.run({ ...send, clientId: "never tried", knownSeq: first + 4 }))).toHaveLength(1);
    expect(driver.run({ ...send, clientId: "new 0", knownSeq: first })).toMatchObject({
      kind: "duplicate",
      seq: first + 5,
    });
  });
});

describe("the body hash", () => {
  const base = { by: ANN, clientId: "x" };
  const message = { kind: "send_message", ...base, content: "a", messageType: "text" } as const;
  const member = "bob" as UserId;
  const file = { id: "f", type: "file", url: "u", fileName: "n", fileSize: 1, mimeType: "m" };
  const settings = settingsOf("public");
  const requests: readonly RoomMutation[] = [
    message,
    { ...message, content: "b" },
    { ...message, messageType: "image" },
    { ...message, replyTo: "msg_1" as never },
    { ...message, mentions: [member] },
    { ...message, attachments: [file] },
    { ...message, attachments: [{ ...file, fileSize: 2 }] },
    { ...message, attachments: [file, file] },
    { kind: "edit_message", ...base, messageId: "msg_1" as never, content: "a" },
    { kind: "edit_message", ...base, messageId: "msg_2" as never, content: "a" },
    { kind: "delete_message", ...base, messageId: "msg_1" as never },
    { kind: "react", ...base, messageId: "msg_1" as never, emoji: "a", add: true },
    { kind: "react", ...base, messageId: "msg_1" as never, emoji: "a", add: false },
    { kind: "join_room", ...base },
    { kind: "leave_room", ...base },
    { kind: "add_member", ...base, userId: member, role: "member" },
    { kind: "set_role", ...base, userId: member, role: "member" },
    { kind: "set_role", ...base, userId: member, role: "admin" },
    { kind: "remove_member", ...base, userId: member },
    { kind: "update_room", ...base, changes: { name: "a" } },
    { kind: "update_room", ...base, changes: { description: "a" } },
    { kind: "update_room", ...base, changes: { tags: ["a"] } },
    { kind: "update_room", ...base, changes: { allowInvites: true } },
    { kind: "update_room", ...base, changes: { allowInvites: false } },
    { kind: "create_room", ...base, settings, participants: [] },
    { kind: "create_room", ...base, settings, participants: [member] },
    { kind: "create_room", ...base, settings: { ...settings, maxMembers: 3 }, participants: [] },
  ];

  test("differs for requests that ask different things", () => {
    expect(new Set(requests.map(bodyHashOf)).size).toBe(requests.length);
  });

  test("is a 32-bit number, the same for every version: it stands in logs", () => {
    for (const request of requests) expect(bodyHashOf(request)).toBe(bodyHashOf(request) >>> 0);
    expect(bodyHashOf(message)).toMatchInlineSnapshot(`3280716623`);
    expect(bodyHashOf({ ...message, mentions: [member], attachments: [file] })).toMatchInlineSnapshot(`2598970669`);
  });
});
