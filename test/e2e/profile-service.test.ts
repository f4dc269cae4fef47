/** The real server beside a profile service of one's own: names in messages, presence and member lists, and a service that fails. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const TTL_MS = 400;

/** Whom the service knows; it fails while it is `undefined`. */
let known: Record<string, object> | undefined = {};
const asked: string[] = [];
let service: ReturnType<typeof Bun.serve>;
let server: TestServer;
beforeAll(async () => {
  service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const question: unknown = await request.json();
      asked.push(`${textAt(question, "tenantId")}/${textAt(question, "userId")}`);
      if (known === undefined) return new Response("no", { status: 500 });
      const profile = known[textAt(question, "userId")];
      return profile === undefined ? new Response("nobody", { status: 404 }) : Response.json(profile);
    },
  });
  server = await TestServer.start({
    env: {
      STOA_SHARDS: "2",
      STOA_PROFILE_SERVICE_URL: `http://127.0.0.1:${service.port}/people`,
      STOA_PROFILE_SERVICE_SECRET: "a secret of the tests",
      STOA_PROFILE_SERVICE_TTL_MS: String(TTL_MS),
      // It is a part of this process, which may be held up.
      STOA_PROFILE_SERVICE_TIMEOUT_MS: "4000",
    },
  });
});
afterAll(async () => {
  await server.dispose();
  await service.stop(true);
});

const token = (user: string, name?: string) => server.token({ user, ...(name !== undefined && { name }) });
const connect = (user: string, name?: string) => TestClient.connect(server, { token: token(user, name), wire: "json" });

test("people are called as the service says, over sockets and over REST, and otherwise once it says so", async () => {
  known = { ada: { name: "Ada Lovelace", avatar: "https://cdn.example.org/ada.png" }, cid: { name: "Cid" } };
  const [ada, bob] = await Promise.all([connect("ada", "ada-l"), connect("bob", "Bob Token")]);
  await ada.ack({ type: "create_room", roomId: "served", name: "Room", roomType: "public" });
  await Promise.all([ada.join("served"), bob.join("served")]);
  let tries = 0;
  await eventually(async () => {
    tries += 1;
    await ada.say("served", `try ${tries}`);
    const shown = await bob.message("served", `try ${tries}`);
    expect(shown).toMatchObject({ authorName: "Ada Lovelace", authorAvatar: "https://cdn.example.org/ada.png" });
  });
  // Whom it does not know is called as their token says.
  await bob.say("served", "unknown");
  expect(await ada.message("served", "unknown")).toMatchObject({ authorName: "Bob Token" });
  // The first request over REST waits for it.
  await server.rest("POST", "/v1/chat/rooms/served/join", { token: token("cid") });
  const sent = await server.rest("POST", "/v1/chat/rooms/served/messages", {
    token: token("cid"),
    body: { content: "first" },
  });
  expect(at(sent.body, "data.authorName")).toBe("Cid");

  const since = bob.frames.length;
  known = { ...known, ada: { name: "Countess of Lovelace" } };
  await bob.waitFor((frame) => at(frame, "user.name") === "Countess of Lovelace", "the new name", { from: since });
  await eventually(async () => {
    const members = await server.rest("GET", "/v1/chat/rooms/served/members", { token: token("bob") });
    const names = listAt(members.body, "data.members").map((member) => textAt(member, "displayName"));
    expect(names).toContain("Countess of Lovelace");
  });
  expect(new Set(asked.map((who) => who.split("/")[0]))).toEqual(new Set(["default"]));
  await Promise.all([ada.close(), bob.close()]);
});

test("a service that fails takes nobody's name and holds nobody up", async () => {
  known = { dee: { name: "Dee of the service" } };
  const dee = await connect("dee", "Dee Token");
  await dee.ack({ type: "create_room", roomId: "failing", name: "Room", roomType: "public" });
  await dee.join("failing");
  await eventually(async () => {
    const me = await server.rest("GET", "/v1/chat/users/me", { token: token("dee", "Dee Token") });
    expect(at(me.body, "data.displayName")).toBe("Dee of the service");
  });
  known = undefined;
  const before = asked.length;
  await eventually(async () => expect(asked.slice(before).join()).toContain("/dee"));
  await dee.say("failing", "still");
  expect(await dee.message("failing", "still")).toMatchObject({ authorName: "Dee of the service" });
  const sent = await server.rest("POST", "/v1/chat/rooms/failing/join", { token: token("eve", "Eve Token") });
  expect(sent.status).toBe(200);
  await dee.close();
});
