/**
 * Nobody learns who wrote an anonymous message: not by any frame that others get, in no dialect, live or replayed, and not by any
 * REST route that there is, asked by a member, a moderator, the owner and an administrator of the tenant.
 * The author is a member who never listens to the room, so that their id has no other way into what the others are sent.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

const ROOM = "room_masked";
const AUTHOR = "usr_hidden_author";
const SECRETS = [AUTHOR, "Hidden Name", "hidden-face"];
const SCENE_MS_MAX = 180_000;
const FOUR_WIRES = ["msgpack", "json", "camel", "snake"] as const;
/** A stream does not end; it carries the frames that are looked at below. */
const STREAM = "/v1/chat/events";
/** Routes that name members as members, whatever they wrote. */
const NAMES_MEMBERS: ReadonlySet<string> = new Set([
  // From the beginning: who joined. What comes behind is tested with the replay.
  "GET /v1/chat/rooms/{roomId}/events",
  "GET /v1/chat/admin/events",
  // Its members are lines of their own; the other lines are tested below.
  "GET /v1/chat/rooms/{roomId}/export",
  "GET /v1/chat/rooms/{roomId}/members",
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/receipts",
  "GET /v1/chat/users/{userId}",
  "GET /v1/chat/presence",
  "GET /v1/chat/admin/online",
  "GET /v1/chat/admin/connections",
]);

let server: TestServer;
let author: TestClient;
let onlookers: readonly TestClient[];
/** Cleo's other device, which does not listen to the room. */
let elsewhere: TestClient;
/** Of the author's: a text that was edited, a reply, a poll, a text that was deleted, a poll that was closed. */
let sent: readonly string[] = [];
let pseudonym = "";

const tokenOf = (user: string, role: "user" | "admin" = "user"): string =>
  server.token({ user, role, name: `Name of ${user}` });
const authorToken = (): string => {
  const soon = Math.floor(Date.now() / 1000) + 3_600;
  const picture = "https://pictures/hidden-face.png";
  return server.token({ user: AUTHOR, payload: { sub: AUTHOR, name: "Hidden Name", avatar: picture, exp: soon } });
};
const TOKENS = (): Readonly<Record<string, string>> => ({
  ann: tokenOf("ann"),
  mod: tokenOf("mod"),
  cleo: tokenOf("cleo"),
  root: tokenOf("root", "admin"),
});

beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  author = await TestClient.connect(server, { token: authorToken(), wire: "json" });
  const tokens = Object.values(TOKENS());
  onlookers = await Promise.all(
    FOUR_WIRES.map((wire, i) => TestClient.connect(server, { token: tokens[i] ?? "", wire })),
  );
  elsewhere = await TestClient.connect(server, { token: tokens[2] ?? "", wire: "json" });
  const [ann] = onlookers as [TestClient];
  const people = ["mod", "cleo", "root", AUTHOR];
  await ann.ack({
    type: "create_room",
    roomId: ROOM,
    name: "Masked",
    roomType: "group",
    participants: people,
    allowAnonymous: true,
  });
  await rest("ann", "PATCH", `/rooms/${ROOM}/members/mod`, { role: "admin" });
  for (const onlooker of onlookers) await onlooker.join(ROOM);
}, SCENE_MS_MAX);

afterAll(async () => {
  await server.dispose();
});

async function rest(user: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const token = user === AUTHOR ? authorToken() : (TOKENS()[user] ?? "");
  const reply = await server.rest(method, `/v1/chat${path}`, { token, ...(body === undefined ? {} : { body }) });
  expect(`${method} ${path} ${reply.status} ${reply.status < 300 ? "" : reply.text}`).toMatch(/ 20[01] $/);
  return reply.body;
}

async function whisper(content: string, extra: object = {}): Promise<string> {
  const ack = await author.ack({ type: "send_message", roomId: ROOM, content, anonymous: true, ...extra });
  return textAt(ack, "messageId");
}

/** What of the author is in there. */
function secretsIn(text: string): string[] {
  return SECRETS.filter((secret) => text.includes(secret));
}

function seenBy(client: TestClient, from: number): string {
  return client.frames
    .slice(from)
    .map((frame: Frame) => JSON.stringify(frame))
    .join("\n");
}

test(
  "what an anonymous author does reaches the others in all dialects, and nothing of the author does",
  async () => {
    const from = onlookers.map(({ frames }) => frames.length);
    const [ann, mod] = onlookers as [TestClient, TestClient];
    const asked = textAt(await ann.say(ROOM, "Who did it?"), "messageId");
    const poll = { question: "Who did it?", options: [{ text: "I" }, { text: "not I" }], anonymous: true };

    const text = await whisper("It was not me", { mentions: ["cleo"], clientId: "c-hidden-1" });
    const reply = await whisper("Nor me", { replyTo: asked });
    const question = await whisper("", { poll });
    const over = await rest(AUTHOR, "POST", `/rooms/${ROOM}/messages`, { content: "Over REST", isAnonymous: true });
    const removed = textAt(over, "data.messageId");
    const closed = await whisper("", { poll: { ...poll, anonymous: false } });
    sent = [text, reply, question, removed, closed];
    await author.ack({ type: "edit_message", roomId: ROOM, messageId: text, content: "It was not me, really" });
    await author.ack({ type: "vote_poll", roomId: ROOM, messageId: question, choices: [1] });
    await author.ack({ type: "delete_message", roomId: ROOM, messageId: removed });
    await author.ack({ type: "close_poll", roomId: ROOM, messageId: closed });
    await rest("cleo", "POST", `/rooms/${ROOM}/messages/${text}/reactions`, { emoji: "👍" });
    await ann.ack({ type: "pin_message", roomId: ROOM, messageId: text });
    await ann.ack({ type: "report_message", roomId: ROOM, messageId: reply, reason: "Is it true?" });
    const rules = [{ id: "offers", action: "hold", words: ["offer"] }];
    await ann.ack({ type: "set_moderation", roomId: ROOM, rules });
    const waits = await whisper("An offer to all, @room", { mentionRoom: true });
    const held = await rest("mod", "GET", `/rooms/${ROOM}/held`);
    expect(JSON.stringify(held)).toContain("An offer to all");
    expect(secretsIn(JSON.stringify(held))).toEqual([]);
    await mod.ack({ type: "resolve_held", roomId: ROOM, heldId: waits, approve: true });
    const last = await ann.say(ROOM, "the last word");

    pseudonym = textAt(await mod.message(ROOM, "Nor me"), "authorId");
    expect(pseudonym).toMatch(/^anon_/);
    for (const [i, onlooker] of onlookers.entries()) {
      await onlooker.event(ROOM, "new_message", (event) => at(event, "message.messageId") === at(last, "messageId"));
      expect(await onlooker.message(ROOM, "It was not me")).toMatchObject({ authorId: pseudonym, isAnonymous: true });
      const results = await onlooker.event(ROOM, "message_updated", (event) => at(event, "messageId") === question);
      expect(results).toMatchObject({ change: { kind: "poll", poll: { votes: [0, 1], voters: 1 } } });
      expect(secretsIn(seenBy(onlooker, from[i] ?? 0))).toEqual([]);
    }
    expect(await mod.message(ROOM, "An offer to all, @room")).toMatchObject({ authorId: pseudonym });
    const notice = await elsewhere.waitFor(
      (frame) => frame.type === "notification" && frame["kind"] === "mention",
      "the mention",
    );
    expect(notice).toMatchObject({ by: pseudonym, messageId: text });
    expect(secretsIn(seenBy(elsewhere, 0))).toEqual([]);
    expect(seenBy(onlookers[2] as TestClient, 0)).toContain("c-hidden-1");
  },
  SCENE_MS_MAX,
);

test(
  "what is replayed to those who come back names the pseudonym",
  async () => {
    for (const [i, wire] of FOUR_WIRES.entries()) {
      const client = await TestClient.connect(server, { token: Object.values(TOKENS())[i] ?? "", wire });
      // Behind the events in which the room's members are named.
      const position = at(await onlookers[i]?.join(ROOM), "position.head") as number;
      await client.ack({ type: "join_room", roomId: ROOM, lastSeq: position - 12 });
      expect(seenBy(client, 0)).toContain(pseudonym);
      expect(secretsIn(seenBy(client, 0))).toEqual([]);
      await client.close();
      const after = `after=${position - 12}`;
      for (const user of Object.keys(TOKENS())) {
        const page = JSON.stringify(await rest(user, "GET", `/rooms/${ROOM}/events?limit=500&${after}`));
        expect(page).toContain(pseudonym);
        expect(secretsIn(page)).toEqual([]);
      }
    }
    // The tenant's stream is made a moment behind the logs.
    await eventually(async () => {
      const stream = await rest("root", "GET", "/admin/events?limit=500");
      const events = listAt(stream, "data.events").filter((event) => at(event, "type") !== "user_joined");
      expect(JSON.stringify(events)).toContain(pseudonym);
      expect(secretsIn(JSON.stringify(events))).toEqual([]);
    });
  },
  SCENE_MS_MAX,
);

test(
  "no route that can be read tells anybody",
  async () => {
    const document = JSON.parse((await server.rest("GET", "/docs/json")).text) as { paths: Record<string, object> };
    const paths = Object.entries(document.paths).flatMap(([path, item]) => ("get" in item ? [path] : []));
    const queries = ["", "?deleted=true", "?includeDeleted=true", "?emoji=%F0%9F%91%8D", "?userId=ann"];
    let answered = 0;
    for (const path of paths) {
      if (path === STREAM || NAMES_MEMBERS.has(`GET ${path}`)) continue;
      for (const messageId of sent) {
        const filled = path
          .replace("{roomId}", ROOM)
          .replace("{messageId}", messageId)
          .replace("{userId}", pseudonym)
          .replace("{pseudonym}", pseudonym)
          .replaceAll(/\{\w+\}/g, "none");
        for (const [user, token] of Object.entries(TOKENS())) {
          const looks = queries.map(async (query) => {
            const reply = await server.rest("GET", filled + query, { token });
            if (reply.status === 200) answered += 1;
            expect(`${user} GET ${filled}${query}: ${secretsIn(reply.text).join()}`).toBe(
              `${user} GET ${filled}${query}: `,
            );
          });
          await Promise.all(looks);
        }
        if (!path.includes("{messageId}")) break;
      }
    }
    expect(answered).toBeGreaterThan(100);
  },
  SCENE_MS_MAX,
);

test("an export names the author among the members, and nowhere else", async () => {
  for (const user of ["ann", "root"]) {
    const { text } = await server.rest("GET", `/v1/chat/rooms/${ROOM}/export`, { token: TOKENS()[user] ?? "" });
    const others = text.split("\n").filter((line) => !line.startsWith('{"kind":"member"'));
    expect(others.join("\n")).toContain(pseudonym);
    expect(secretsIn(others.join("\n"))).toEqual([]);
  }
});

test("who reads a message is named as its reader, and the author is not one for having written it", async () => {
  const receipts = `/rooms/${ROOM}/messages/${sent[1]}/receipts`;
  const before = await rest("ann", "GET", receipts);
  expect(secretsIn(JSON.stringify(before))).toEqual([]);
});

test("a moderator bans the pseudonym without learning whose it is; its person writes on in their own name only", async () => {
  const [ann, mod] = onlookers as [TestClient, TestClient];
  expect((await ann.refused({ type: "ban_pseudonym", roomId: ROOM, pseudonym: AUTHOR }))["code"]).toBe(
    "user_not_found",
  );
  const cleo = onlookers[2] as TestClient;
  expect((await cleo.refused({ type: "ban_pseudonym", roomId: ROOM, pseudonym }))["code"]).toBe("forbidden");
  await mod.ack({ type: "ban_pseudonym", roomId: ROOM, pseudonym, reason: "enough" });
  expect(await cleo.event(ROOM, "pseudonym_updated")).toMatchObject({
    pseudonym: { userId: pseudonym },
    banned: true,
    by: "mod",
    reason: "enough",
  });
  const refused = await author.refused({ type: "send_message", roomId: ROOM, content: "still here", anonymous: true });
  expect(refused).toMatchObject({ code: "forbidden", field: "anonymous" });
  const list = await rest("mod", "GET", `/rooms/${ROOM}/pseudonyms/bans`);
  expect(listAt(list, "data.bans")).toMatchObject([{ pseudonym, bannedBy: "mod", reason: "enough" }]);
  expect(secretsIn(JSON.stringify(list))).toEqual([]);
  const hidden = await server.rest("GET", `/v1/chat/rooms/${ROOM}/pseudonyms/bans`, { token: TOKENS()["cleo"] ?? "" });
  expect(hidden.status).toBe(403);

  await rest("mod", "DELETE", `/rooms/${ROOM}/pseudonyms/${pseudonym}/ban`);
  await whisper("back again");
  expect(await ann.message(ROOM, "back again")).toMatchObject({ authorId: pseudonym });
});

test("the author's own requests are answered like anybody's, and a room that does not allow it says so", async () => {
  const again = await author.ack({
    type: "send_message",
    roomId: ROOM,
    content: "It was not me",
    anonymous: true,
    mentions: ["cleo"],
    clientId: "c-hidden-1",
  });
  expect(again).toMatchObject({ messageId: sent[0] as string, duplicate: true });
  const ann = onlookers[0] as TestClient;
  await ann.ack({ type: "create_room", roomId: "room_plain", name: "Plain", roomType: "group" });
  const refused = await ann.refused({ type: "send_message", roomId: "room_plain", content: "x", anonymous: true });
  expect(refused).toMatchObject({ code: "forbidden", field: "anonymous" });
});
