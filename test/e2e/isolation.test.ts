/**
 * A tenant's world is the same whether or not another tenant exists. Two servers: on one of them a first tenant has rooms,
 * people and messages, on the other there is nobody. The second tenant, with the same user and room ids and its highest role,
 * asks both the same over every REST route and every client frame, and is answered the same by both; the first tenant's
 * world does not change.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createSchema } from "../../src/protocol/schema.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import {
  frameCases,
  HIDDEN,
  OTHER,
  REST_CASES,
  type RestCase,
  ROOM,
  STRANGER,
  withoutChance,
} from "../support/isolation-cases.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { SECRET } from "../support/tokens.ts";
import type { Frame } from "../support/wire.ts";

const METHODS = ["get", "post", "put", "patch", "delete"];

let inhabited: TestServer;
let empty: TestServer;
/** The first tenant's people, on the inhabited server. */
let ann: TestClient;
let bob: TestClient;
let messageId = "";
/** A code of the first tenant's room. */
let invite = "";
let operations: readonly string[] = [];

const first = (user: string) => inhabited.token({ user, tenant: "acme", name: `acme-only ${user}`, role: "admin" });
const second = (user = "ann") => inhabited.token({ user, tenant: "evil", name: `evil-only ${user}`, role: "admin" });

beforeAll(async () => {
  const rates = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" };
  const env = { ...rates, STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org", STOA_FIGURES_SECONDS: "1" };
  // One token is shown to both.
  const shared = { ...env, JWT_SECRET_KEY: `${SECRET} isolation` };
  [inhabited, empty] = await Promise.all([TestServer.start({ env: shared }), TestServer.start({ env: shared })]);
  const document = JSON.parse((await inhabited.rest("GET", "/docs/json")).text) as { paths: Record<string, object> };
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  ann = await TestClient.connect(inhabited, { token: first("ann"), wire: "json" });
  bob = await TestClient.connect(inhabited, { token: first(OTHER), wire: "json" });
  await populate(ann, "acme-only");
  const sent = await ann.say(ROOM, "acme-only message");
  messageId = textAt(sent, "messageId");
  await ann.say(HIDDEN, "acme-only hidden message");
  await ann.ack({ type: "pin_message", roomId: ROOM, messageId });
  const invited = await inhabited.rest("POST", `/v1/chat/rooms/${ROOM}/invites`, { token: first("ann"), body: {} });
  invite = textAt(invited.body, "data.invite");
  await bob.join(ROOM);
  for (const roomId of [ROOM, HIDDEN]) {
    const rules = [{ id: "acme-only", action: "flag", words: ["acmeword"] }];
    await ann.ack({ type: "set_moderation", roomId, rules });
    await ann.ack({ type: "report_user", roomId, userId: OTHER, reason: "acme-only reason" });
    await ann.ack({ type: "ban_member", roomId, userId: "acme-only-banned", reason: "acme-only" });
  }
  await bob.say(ROOM, "acme-only reply", { replyTo: messageId });
  await bob.ack({ type: "block_user", userId: "acme-only-person" });
  await bob.ack({ type: "message_reaction", roomId: ROOM, messageId, emoji: "👍" });
  await bob.ack({ type: "set_presence", status: "busy", customStatus: "acme-only business" });
  for (const client of [ann, bob]) await client.ack({ type: "mark_read", roomId: ROOM, seq: 1_000 });
  await settled();
}, 120_000);
afterAll(async () => {
  await Promise.all([inhabited?.dispose(), empty?.dispose()]);
});

/** What would still change by itself: marks are written a moment later; feed, search, audit log, directory and figures follow. */
async function settled(): Promise<void> {
  const owner = (path: string) => inhabited.rest("GET", `/v1/chat/${path}`, { token: first("ann") });
  await eventually(async () => {
    expect(at((await owner("rooms?scope=member")).body, "data.rooms")).toMatchObject([
      { unreadCount: 0 },
      { unreadCount: 0 },
    ]);
  });
  // The first look at a feed begins it.
  const seqsAt = async (path: string): Promise<readonly number[]> =>
    listAt((await owner(path)).body, "data.events").map((event) => numberAt(event, "seq"));
  const last = Math.max(...(await seqsAt(`rooms/${ROOM}/events?after=0`)));
  await eventually(async () => expect(await seqsAt(`admin/events?rooms=${ROOM}`)).toContain(last));
  await eventually(async () => {
    for (const path of ["search?q=only", `rooms/${ROOM}/search?q=only`]) {
      expect((await owner(path)).text).toContain("acme-only reply");
    }
  });
  await eventually(async () => expect((await owner("admin/audit")).text).toContain("acme-only-banned"));
  await eventually(async () => {
    const users = [{ userId: "ann" }, { userId: OTHER, status: "busy" }];
    expect(at((await owner("admin/online")).body, "data.users")).toMatchObject(users);
  });
  await eventually(async () => {
    const day = { messages: 3, writers: 2, activeUsers: 2 };
    const rooms = [{ messages: 2 }, { messages: 1 }];
    expect(at((await owner("admin/stats")).body, "data")).toMatchObject({ last24Hours: day, rooms });
  });
}

async function populate(client: TestClient, word: string): Promise<void> {
  await client.ack({ type: "create_room", roomId: ROOM, name: `${word} room`, roomType: "public", clientId: "p1" });
  await client.ack({
    type: "create_room",
    roomId: HIDDEN,
    name: `${word} hidden`,
    roomType: "private",
    participants: [OTHER],
    clientId: "p2",
  });
  await client.join(ROOM);
  await client.join(HIDDEN);
}

function pathOf(operation: string, { params = {}, query = "" }: RestCase): string {
  const common: Readonly<Record<string, string>> = {
    roomId: ROOM,
    userId: OTHER,
    messageId,
    heldId: messageId,
    invite,
    emoji: "👍",
  };
  const path = operation.slice(operation.indexOf(" ") + 1);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name] ?? common[name];
    if (value === undefined) throw new Error(`${operation}: no value for ${name}`);
    return encodeURIComponent(value);
  });
  return filled + query;
}

async function ask(server: TestServer, operation: string, given: RestCase, token: string): Promise<string> {
  const method = operation.slice(0, operation.indexOf(" "));
  const options = { token, ...(given.body === undefined ? {} : { body: given.body }) };
  const path = pathOf(operation, given);
  if (given.until !== undefined) return withoutChance(await readStream(server, path, token, given.until));
  const reply = await server.rest(method, path, options);
  if (operation.endsWith("/poll")) await hangUp(server, token, reply.text);
  return withoutChance(`${reply.status} ${reply.text}`);
}

/** In the order of its lines: answers of two rooms come as they come. */
async function readStream(server: TestServer, path: string, token: string, until: readonly string[]): Promise<string> {
  const response = await fetch(server.http + path, { headers: { authorization: `Bearer ${token}` } });
  let text = "";
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (until.every((part) => text.includes(part))) break;
  }
  await hangUp(server, token, text);
  return `${response.status} ${text
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .sort()
    .join("\n")}`;
}

/** So that nobody is there who would leave a moment later. */
async function hangUp(server: TestServer, token: string, text: string): Promise<void> {
  const id = /"connectionId":"([^"]+)"/.exec(text)?.[1] ?? "";
  await server.rest("DELETE", `/v1/chat/events/${id}`, { token });
}

/** What the first tenant's owner sees of its world. */
async function firstWorld(): Promise<readonly string[]> {
  const seen: string[] = [];
  for (const [operation, given] of Object.entries(REST_CASES)) {
    // Who listens is seen by others; it is said in the tests of event streams who hears what.
    if (!operation.startsWith("GET ") || given.isOfServer || given.until !== undefined) continue;
    seen.push(`${operation}: ${await ask(inhabited, operation, given, first("ann"))}`);
    if (operation.includes("{roomId}")) {
      const params = { ...given.params, roomId: HIDDEN };
      seen.push(`${operation}, hidden: ${await ask(inhabited, operation, { ...given, params }, first("ann"))}`);
    }
  }
  return seen;
}

/** Everything that the second tenant can ask over REST, asked of both servers. */
async function compareRoutes(): Promise<void> {
  for (const [operation, given] of Object.entries(REST_CASES)) {
    if (given.isOfServer) continue;
    for (const roomId of operation.includes("{roomId}") ? [ROOM, HIDDEN] : [ROOM]) {
      const asked = { ...given, params: { roomId, ...given.params } };
      const compare = async (): Promise<void> => {
        const here = await ask(inhabited, operation, asked, second());
        const there = await ask(empty, operation, asked, second());
        expect(`${operation} ${roomId}: ${here}`).toBe(`${operation} ${roomId}: ${there}`);
        expect(here).not.toContain("acme");
        expect(`${operation}: ${here}`).not.toMatch(/: (400|401|405|413|415|429|5\d\d) /);
      };
      await (given.lags ? eventually(compare) : compare());
    }
  }
}

/** `wrong`: what no answer may be. */
async function compareFrames(here: TestClient, there: TestClient, wrong: RegExp): Promise<void> {
  const cases = frameCases(messageId);
  for (const [type, frame] of Object.entries(cases)) {
    for (const roomId of frame["roomId"] === ROOM ? [ROOM, HIDDEN] : [undefined]) {
      const asked: Frame = {
        ...frame,
        ...(roomId === undefined ? {} : { roomId }),
        ...(type === "auth" ? { token: second() } : {}),
      };
      const answers = await Promise.all([here.request(asked), there.request(asked)]);
      const [a, b] = answers.map((answer) => withoutChance(JSON.stringify(answer)));
      expect(`${type} ${roomId}: ${a}`).toBe(`${type} ${roomId}: ${b}`);
      expect(`${type}: ${String(at(answers[0], "code"))}`).not.toMatch(wrong);
    }
  }
}

async function connectSecond(user?: string): Promise<readonly [TestClient, TestClient]> {
  const options = { token: second(user), wire: "json" } as const;
  return Promise.all([TestClient.connect(inhabited, options), TestClient.connect(empty, options)]);
}

/** While `act` runs nothing of it reaches the first tenant, and nothing there changes. */
async function leavesTheFirstAlone(act: () => Promise<void>): Promise<void> {
  const before = await firstWorld();
  const seen = [ann.frames.length, bob.frames.length];
  await act();
  expect(await firstWorld()).toEqual(before);
  for (const [i, client] of [ann, bob].entries()) {
    await client.request({ type: "ping" });
    const heard = client.frames.slice(seen[i]).filter((frame) => frame.type !== "pong" && frame.type !== "receipts");
    expect(heard).toEqual([]);
  }
}

test("every documented route and every client frame has a case here, and nothing else has", () => {
  expect(Object.keys(REST_CASES).sort()).toEqual([...operations].sort());
  expect(Object.keys(frameCases("m")).sort()).toEqual(Object.keys(createSchema({ messageLengthMax: 10 })).sort());
});

test("to a tenant with nothing of its own every route answers as where the other tenant never was", async () => {
  await leavesTheFirstAlone(compareRoutes);
}, 60_000);

test("to a tenant with nothing of its own every frame is answered as where the other tenant never was", async () => {
  await leavesTheFirstAlone(async () => {
    const [here, there] = await connectSecond();
    // Whatever is wrong with a frame is said only of rooms that one knows.
    await compareFrames(here, there, /invalid_|missing_|unknown_|internal/);
    await Promise.all([here.close(), there.close()]);
    expect(JSON.stringify(here.frames)).not.toContain("acme");
  });
}, 60_000);

test("with rooms of the same ids, routes and frames work on one's own and touch nothing of the other's", async () => {
  await leavesTheFirstAlone(async () => {
    const [here, there] = await connectSecond();
    const [otherHere, otherThere] = await connectSecond(OTHER);
    await Promise.all([populate(here, "evil-only"), populate(there, "evil-only")]);
    for (const client of [here, there]) await client.say(ROOM, "evil-only message", { clientId: "own" });
    await Promise.all([otherHere.join(ROOM), otherThere.join(ROOM)]);
    await compareFrames(here, there, /invalid_frame|missing_|unknown_|internal/);
    for (const client of [here, there]) await client.ack({ type: "join_room", roomId: ROOM, clientId: "again" });
    await compareRoutes();
    await here.request({ type: "ping" });
    // The other one was disconnected by an administrator of its own tenant.
    expect((await otherHere.closed).code).toBe(4423);
    for (const client of [here, otherHere]) expect(JSON.stringify(client.frames)).not.toContain("acme");
    await Promise.all([here, there, otherHere, otherThere].map((client) => client.close()));
  });
}, 60_000);

test("a name that only one tenant has is unknown to the other, as author, member and user", async () => {
  const token = second(STRANGER);
  const reply = await inhabited.rest("GET", `/v1/chat/presence?userId=${OTHER}`, { token });
  expect(reply.text).not.toContain("acme-only");
});
