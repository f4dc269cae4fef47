/** Files of a room: who may bring them, who may refer to them, and when they are given up. */
import { beforeEach, describe, expect, test } from "bun:test";
import { ATTACHMENTS_MAX, FILE_USES_MAX, FILES_DROPPED_MAX } from "../../../../src/base/limits.ts";
import { messageIdOf } from "../../../../src/base/ids.ts";
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import { fileItem, isFileId } from "../../../../src/domain/room/files.ts";
import type { Attachment } from "../../../../src/domain/room/vocabulary.ts";
import { accepted, rejection, RoomDriver, type Settled, settingsOf, user } from "./room-driver.ts";

const idOf = (no: number): string => `file_${String(no).padStart(26, "0")}`;
const facts = (no: number) => ({ fileName: `${no}.png`, fileSize: 100, mimeType: "image/png", url: `/f/${no}` });
const attachment = (no: number, changes: Partial<Attachment> = {}): Attachment => ({
  id: idOf(no),
  type: "image",
  ...facts(no),
  ...changes,
});

let room: RoomDriver;

beforeEach(() => {
  room = new RoomDriver();
  room.populate(settingsOf("group"), { ann: "owner", bob: "member" });
});

const run = (by: string, command: object): Settled =>
  room.run({ by: user(by), clientId: room.nextClientId(), ...command } as RoomCommand);
const add = (no: number, by = "ann", changes: object = {}): Settled =>
  run(by, { kind: "add_file", fileId: idOf(no), ...facts(no), ...changes });
const send = (by: string, ...attachments: readonly Attachment[]): Settled =>
  run(by, { kind: "send_message", content: "", messageType: "file", attachments });
const drop = (by: string, nos: readonly number[], changes: object = {}): Settled =>
  run(by, { kind: "drop_files", files: nos.map(idOf), before: room.now + 1, ...changes });
const engine = { by: user("engine", "system") };
const usesOf = (no: number) => fileItem(room.state, idOf(no))?.uses;

test("names of uploads are told from all others", () => {
  expect(isFileId(idOf(1))).toBe(true);
  for (const other of ["file_1", `File_${"0".repeat(26)}`, `file_${"0".repeat(27)}`, "att_1", ""]) {
    expect(isFileId(other)).toBe(false);
  }
});

describe("bringing a file", () => {
  test("who may write may bring one, within the room's bounds", () => {
    expect(accepted(add(1, "bob"))).toMatchObject([{ kind: "file_added", fileId: idOf(1), by: "bob" }]);
    expect(rejection(add(2, "eve"))).toBe("room_not_found");
    room = new RoomDriver();
    room.populate(settingsOf("announcement"), { ann: "owner", bob: "member" });
    expect(rejection(add(3, "bob"))).toBe("forbidden");
  });

  test("what a room's settings refuse is refused before and after it was sent", () => {
    run("ann", { kind: "update_room", changes: { maxFileSize: 100, allowedFileTypes: ["image/png"] } });
    const ask = (changes: object) => run("ann", { kind: "check_upload", ...facts(1), ...changes });
    expect(accepted(ask({}))).toEqual([]);
    expect(rejection(ask({ fileSize: 101 }))).toBe("file_too_large attachments");
    expect(rejection(ask({ mimeType: "image/gif" }))).toBe("invalid_field attachments");
    expect(rejection(ask({ fileName: "x".repeat(256) }))).toBe("invalid_field name");
    expect(rejection(add(1, "ann", { fileSize: 101 }))).toBe("file_too_large attachments");
    run("ann", { kind: "update_room", changes: { allowFileUploads: false } });
    expect(rejection(ask({}))).toBe("forbidden attachments");
    expect(rejection(add(1))).toBe("forbidden attachments");
  });

  test("muted people bring none, and nobody brings any to an archived room", () => {
    run("ann", { kind: "mute_member", userId: "bob" });
    expect(rejection(add(1, "bob"))).toBe("muted");
    expect(rejection(run("bob", { kind: "check_upload", ...facts(1) }))).toBe("muted");
    run("ann", { kind: "archive_room", archived: true });
    expect(rejection(add(1))).toBe("room_archived");
  });

  test("once more is the same, also under another key", () => {
    add(1);
    expect(accepted(add(1))).toEqual([]);
  });
});

describe("referring to a file", () => {
  test("the room's own words replace the client's", () => {
    add(1);
    const lies = attachment(1, { fileSize: 1, mimeType: "video/mp4", url: "https://evil.example", fileName: "a.exe" });
    expect(accepted(send("ann", lies))).toMatchObject([{ kind: "message_sent", attachments: [attachment(1)] }]);
    expect(usesOf(1)).toEqual([room.state.head]);
  });

  test("the type of the message is judged by what the file is", () => {
    add(1);
    const film = {
      kind: "send_message",
      content: "",
      messageType: "video",
      attachments: [attachment(1, { mimeType: "video/mp4" })],
    };
    expect(rejection(run("ann", film))).toBe("invalid_field attachments");
  });

  test("what is not complete, or not there, or nobody else was shown, is no file", () => {
    expect(rejection(send("ann", attachment(1)))).toBe("invalid_field attachments");
    add(1);
    expect(rejection(send("bob", attachment(1)))).toBe("invalid_field attachments");
    accepted(send("ann", attachment(1)));
    accepted(send("bob", attachment(1)));
  });

  test("addresses of elsewhere stay as their sender says, beside uploads", () => {
    add(1);
    const elsewhere = attachment(2, { id: "att_2", url: "https://a.example/2.png" });
    expect(accepted(send("ann", elsewhere, attachment(1)))).toMatchObject([
      { attachments: [elsewhere, attachment(1)] },
    ]);
  });

  test("a message has as many as it may have, and a file is in as many messages", () => {
    add(1);
    const many = Array.from({ length: ATTACHMENTS_MAX }, () => attachment(1));
    accepted(send("ann", ...many));
    expect(usesOf(1)).toEqual([room.state.head]);
    expect(rejection(send("ann", ...many, attachment(1)))).toBe("invalid_field attachments");
    while ((usesOf(1)?.length ?? 0) < FILE_USES_MAX) accepted(send("ann", attachment(1)));
    expect(rejection(send("ann", attachment(1)))).toBe("too_many attachments");
  });
});

describe("giving files up", () => {
  const remove = (seq: number) => run("ann", { kind: "delete_message", messageId: messageIdOf(seq) });

  test("with the last message that refers to it", () => {
    add(1);
    add(2);
    accepted(send("ann", attachment(1), attachment(2)));
    const first = room.state.head;
    accepted(send("ann", attachment(1)));
    const second = room.state.head;
    expect(remove(first)).toMatchObject({
      events: [{ kind: "message_deleted", files: [idOf(1), idOf(2)] }],
      effects: [{ kind: "remove_files", files: [idOf(2)] }],
    });
    expect([usesOf(1), usesOf(2)]).toEqual([[second], undefined]);
    expect(remove(second)).toMatchObject({ effects: [{ kind: "remove_files", files: [idOf(1)] }] });
    expect(rejection(send("ann", attachment(1)))).toBe("invalid_field attachments");
  });

  test("a room that is deleted gives up all of them", () => {
    expect(run("ann", { kind: "delete_room" })).toMatchObject({ effects: [{ kind: "remove_files", files: "all" }] });
  });

  test("the engine drops what nobody refers to, once it is old enough", () => {
    add(1);
    add(2);
    accepted(send("ann", attachment(2)));
    expect(accepted(drop("x", [1, 2, 3], { ...engine, before: room.now }))).toEqual([]);
    expect(accepted(drop("x", [1, 2, 3], engine))).toMatchObject([{ kind: "files_removed", files: [idOf(1)] }]);
    expect(accepted(drop("x", [1], engine))).toEqual([]);
  });

  test("others drop what they brought themselves, and nothing that is shown", () => {
    add(1, "bob");
    expect(accepted(drop("ann", [1]))).toEqual([]);
    expect(accepted(drop("bob", [1]))).toMatchObject([{ files: [idOf(1)] }]);
    add(2, "bob");
    accepted(send("bob", attachment(2)));
    expect(accepted(drop("bob", [2], { upTo: room.state.head }))).toEqual([]);
    expect(rejection(drop("eve", [2]))).toBe("room_not_found");
  });

  test("where messages are gone up to a place, so is what only they referred to", () => {
    add(1);
    accepted(send("ann", attachment(1)));
    const upTo = room.state.head;
    expect(accepted(drop("x", [1], { ...engine, upTo: upTo - 1 }))).toEqual([]);
    expect(accepted(drop("x", [1], { ...engine, upTo }))).toMatchObject([{ files: [idOf(1)] }]);
  });

  test("with what retention has taken goes what only that referred to, whoever asks", () => {
    add(1, "bob");
    accepted(send("bob", attachment(1)));
    const through = room.state.head;
    expect(accepted(drop("bob", [1]))).toEqual([]);
    const { head: seq, messageCount: throughNo } = room.state;
    const trimmed = { kind: "history_trimmed", seq: seq + 1, timestamp: room.now, by: user("engine").userId } as const;
    room.write({ ...trimmed, through, throughNo });
    expect(accepted(drop("bob", [1]))).toMatchObject([{ files: [idOf(1)] }]);
  });

  test("a message that waits for a moderator keeps its file, until it is refused", () => {
    run("ann", { kind: "set_moderation", rules: [{ id: "r", action: "hold", words: ["look"] }] });
    add(1, "bob");
    const message = { kind: "send_message", content: "look", messageType: "file", attachments: [attachment(1)] };
    expect(accepted(run("bob", message))).toMatchObject([{ kind: "message_held" }]);
    const heldId = messageIdOf(room.state.head);
    expect(accepted(drop("x", [1], engine))).toEqual([]);
    accepted(run("ann", { kind: "resolve_held", heldId, approve: false }));
    expect(accepted(drop("x", [1], engine))).toMatchObject([{ files: [idOf(1)] }]);
  });

  test("a message that was approved refers to its file", () => {
    run("ann", { kind: "set_moderation", rules: [{ id: "r", action: "hold", words: ["look"] }] });
    add(1, "bob");
    run("bob", { kind: "send_message", content: "look", messageType: "file", attachments: [attachment(1)] });
    const heldId = messageIdOf(room.state.head);
    accepted(run("ann", { kind: "resolve_held", heldId, approve: true }));
    expect(usesOf(1)).toEqual([room.state.head]);
  });

  test("as many are looked at together as may be, and no more", () => {
    const nos = Array.from({ length: FILES_DROPPED_MAX + 1 }, (_, no) => no);
    for (const no of nos) add(no);
    const [event] = accepted(drop("x", nos, engine));
    expect(event).toMatchObject({ files: nos.slice(0, FILES_DROPPED_MAX).map(idOf) });
  });
});
