/**
 * What a capsule tells of people who wrote without a name: two rooms in which all is the same but who that was give the same
 * capsule.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { decodeEntries } from "../../../src/actors/log-codec.ts";
import { messageIdOf, type RoomId, type Seq, type TenantId, type UserId } from "../../../src/base/ids.ts";
import { CapsuleReader } from "../../../src/capsule/capsule-reader.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import type { NewPoll, SendMessage } from "../../../src/domain/room/commands.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import { encodeSnapshot } from "../../../src/domain/room/snapshot.ts";
import type { RowChange } from "../../../src/storage/journal.ts";
import { compareRoom, writeRoom } from "../../conformance/conversations.ts";
import { accepted, RoomDriver, settingsOf, user } from "../domain/room/room-driver.ts";
import { CapsuleRig, taken } from "./capsule-rig.ts";

const TENANT = "acme" as TenantId;
const [ANN, BOB, CLEO] = [user("ann"), user("bob"), user("cleo")];
const POLL: NewPoll = { question: "Who?", options: [{ text: "a" }, { text: "b" }], multiple: true, anonymous: true };

interface Played {
  readonly driver: RoomDriver;
  readonly groups: {
    events: readonly LogEvent[];
    rows: readonly RowChange[];
    messageCount: number;
    snapshot: Uint8Array;
  }[];
}

/** Everything that is done without a name, by `hidden`; both do the same under theirs. */
function played(hidden: Principal): Played {
  const driver = new RoomDriver();
  const groups: Played["groups"] = [];
  driver.committed = (events, rows) => {
    const { messageCount } = driver.state;
    groups.push({ events, rows, messageCount, snapshot: encodeSnapshot(driver.state) });
  };
  const settings = settingsOf("public", { allowAnonymous: true, slowModeSeconds: 1 });
  driver.populate(settings, { ann: "owner", bob: "member", cleo: "member" });
  const say = (by: Principal, content: string, more: Partial<SendMessage> = {}): Seq => {
    driver.now += 60_000;
    const clientId = `~connection of ${by.userId}:${driver.state.head}`;
    const sent = { kind: "send_message", by, clientId, content, messageType: "text", ...more } as const;
    return accepted(driver.run(sent))[0]?.seq ?? 0;
  };
  const run = (by: Principal, command: object): void => {
    driver.now += 60_000;
    accepted(driver.run({ ...command, by, clientId: `~of ${by.userId}:${driver.state.head}` } as never));
  };
  const anonymous = true;
  run(ANN, { kind: "set_moderation", rules: [{ id: "1", action: "flag", words: ["flagged"] }] });
  const root = say(hidden, "psst", { anonymous });
  for (const by of [BOB, CLEO]) say(by, "who is that?", { replyTo: messageIdOf(root) });
  const [signed, open] = [say(ANN, "mine"), say(BOB, "his")];
  say(hidden, "nobody", { anonymous, replyTo: messageIdOf(signed) });
  for (const by of [CLEO, BOB]) say(by, "hm", { replyTo: messageIdOf(signed), mentions: [ANN.userId] });
  say(hidden, "@bob", { anonymous, replyTo: messageIdOf(open), mentions: [BOB.userId] });
  run(hidden, { kind: "edit_message", messageId: messageIdOf(root), content: "psst flagged" });
  run(ANN, { kind: "report", messageId: messageIdOf(root), reason: "rude" });
  const poll = say(ANN, "vote", { messageType: "poll", poll: POLL });
  for (const choices of [[0], [0, 1], [1]]) run(hidden, { kind: "vote_poll", messageId: messageIdOf(poll), choices });
  run(BOB === hidden ? CLEO : BOB, { kind: "vote_poll", messageId: messageIdOf(poll), choices: [0] });
  const file = {
    fileId: `file_${"0".repeat(26)}`,
    fileName: "p.png",
    fileSize: 9,
    mimeType: "image/png",
    url: "/files/p",
  };
  run(hidden, { kind: "add_file", ...file });
  const { fileId: id, ...rest } = file;
  say(hidden, "look", { anonymous, attachments: [{ id, type: "image", ...rest }] });
  answered(driver, hidden, root);
  const gone = say(hidden, "flagged, too", { anonymous });
  run(hidden, { kind: "delete_message", messageId: messageIdOf(gone) });
  return { driver, groups };
}

/** The assistant answers what somebody asked without a name. */
function answered(driver: RoomDriver, { userId: asker }: Principal, question: Seq): void {
  const { state, now } = driver;
  const as = state.messages.get(question)?.as;
  if (as === undefined) throw new Error("nobody asked without a name");
  const common = { timestamp: now, by: "assistant" as UserId };
  const run = { task: "answer", asker, as, question } as const;
  const messageNo = state.messageCount + 1;
  const seq = state.head + 1;
  const message = { kind: "message_sent", ...common, seq, messageNo, messageType: "ai_response", content: "" } as const;
  driver.write({ ...message, run });
  driver.write({
    kind: "answer_ended",
    ...common,
    by: asker,
    as,
    seq: seq + 1,
    target: seq,
    content: "",
    outcome: { state: "cancelled", attempt: 1 },
  });
}

/** All that is in it, as text. */
function contentsOf(file: string): string {
  const capsule = taken(CapsuleReader.open(file));
  const events = [...capsule.segments(0)].flatMap(({ firstSeq, entries }) => decodeEntries(firstSeq, entries));
  capsule.close();
  const db = new Database(file, { readonly: true });
  const tables = ["message", "member", "item", "mark", "attachment", "pin", "capsule"].map((table) =>
    db.prepare(`SELECT * FROM ${table}`).all(),
  );
  db.close();
  const voters: string[] = [];
  // The first one who voted is called the same in both, whatever was drawn for them.
  const line = (value: unknown): string =>
    JSON.stringify(value).replaceAll(/(?:voter|uploader)_[0-9a-f]+/g, (voter) => {
      if (!voters.includes(voter)) voters.push(voter);
      return `voter ${voters.indexOf(voter)}`;
    });
  const isOwn = /"name":"(id|made_at|hash|room)"/;
  const lines = [...events.map(line), ...tables.flatMap((rows) => rows.map(line).sort())];
  return lines.filter((text) => !isOwn.test(text)).join("\n");
}

describe("a capsule of a room in which people write without a name", () => {
  const rig = new CapsuleRig();
  afterAll(() => rig.close());
  const source = rig.sqlite("source");

  const capsuleOf = async (hidden: Principal, name: string, identities: boolean) => {
    const room = { log: { tenant: TENANT, room: name as RoomId, incarnation: 1 }, ...played(hidden) };
    await writeRoom(source.journal, room);
    const { file } = await rig.exported(source, { ...room.log, identities });
    return { room, file };
  };

  test("is the same whoever they were", async () => {
    const [bobs, cleos] = [await capsuleOf(BOB, "by-bob", false), await capsuleOf(CLEO, "by-cleo", false)];
    const one = contentsOf(bobs.file);
    expect(contentsOf(cleos.file)).toBe(one);
    expect(one).toContain('"by":"anon_');
    expect(one).toContain('"by":"voter 0"');
    // Both are named where they showed themselves.
    expect(one).toContain('"by":"bob"');
  });

  test("tells it when it is asked for, and then the room is exactly what it was", async () => {
    const { room, file } = await capsuleOf(BOB, "kept", true);
    expect(contentsOf(file)).toContain("u:bob");
    const target = rig.sqlite("target");
    await rig.imported(target, file, TENANT, room.log.room);
    await compareRoom(target.journal, room);
  });

  test("can be imported, shows what was shown, and counts what was counted", async () => {
    const { room, file } = await capsuleOf(CLEO, "moved", false);
    const target = rig.sqlite("moved");
    await rig.imported(target, file, TENANT, room.log.room);
    const again = await rig.exported(target, { ...room.log });
    const capsule = taken(CapsuleReader.open(again.file));
    const shown = [...capsule.messages()];
    capsule.close();
    const whole = await rig.exported(source, { ...room.log });
    const original = taken(CapsuleReader.open(whole.file));
    // A client's own id goes with who it was.
    const expected = [...original.messages()].map((view) => {
      const { thread, ...rest } = view;
      return { ...rest, ...(thread !== undefined && { thread: expect.anything() }) };
    });
    original.close();
    expect(shown).toEqual(expected as never);
  });
});
