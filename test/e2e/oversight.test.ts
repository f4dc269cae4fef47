/** What an administrator looks over: all rooms, what waits for moderators, the assistant's cost; and, as an operator, how the server is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PULSE_EVERY_MS } from "../../src/base/limits.ts";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

const look = (server: TestServer, path: string, tenant: string, user = "root", role: "admin" | "user" = "admin") =>
  server.rest("GET", `/v1/chat/admin${path}`, { token: server.token({ user, tenant, role }) });

describe("of a tenant", () => {
  let server: TestServer;
  const use = (one: TestServer): void => {
    server = one;
  };
  onBothStores({}, use, () => {
    test("all of its rooms are listed, direct ones of others excepted, by name, type and page", async () => {
      const ann = await TestClient.connect(server, {
        token: server.token({ user: "ann", tenant: "rooms" }),
        wire: "json",
      });
      const make = (roomId: string, roomType: string, name: string) =>
        ann.ack({ type: "create_room", roomId, roomType, name, participants: ["ben"], clientId: roomId });
      await make("secret", "private", "Secret plans");
      await make("team", "group", "The team");
      await ann.ack({ type: "create_room", roomType: "direct", participants: ["ben"], clientId: "pair" });
      await ann.say("team", "hello");
      const names = async (query: string) => {
        const reply = await look(server, `/rooms${query}`, "rooms");
        expect(reply.status).toBe(200);
        return listAt(reply.body, "data.rooms").map((room) => (room as { roomId: string }).roomId);
      };
      // The list may be another shard's: it follows within about a second.
      await eventually(async () => {
        const listed = await look(server, "/rooms?limit=1", "rooms");
        expect(at(listed.body, "data.rooms")).toMatchObject([{ roomId: "team", messageCount: 1 }]);
      });
      expect(await names("")).toEqual(["team", "secret"]);
      expect(await names("?text=PLANS")).toEqual(["secret"]);
      expect(await names("?type=group")).toEqual(["team"]);
      const page = await look(server, "/rooms?limit=1", "rooms");
      expect(at(page.body, "data")).toMatchObject({
        rooms: [{ roomId: "team", memberCount: 2, messageCount: 1, isJoined: false }],
        pagination: { total: 2, limit: 1, offset: 0, hasMore: true },
      });
      expect(at((await look(server, "/rooms", "elsewhere")).body, "data.rooms")).toEqual([]);
      expect((await look(server, "/rooms", "rooms", "ann", "user")).status).toBe(403);
      await ann.close();
    });

    test("rooms with reports and held messages are counted until they are dealt with", async () => {
      const token = server.token({ user: "ann", tenant: "queue" });
      const ann = await TestClient.connect(server, { token, wire: "json" });
      const queue = async () => at((await look(server, "/queue", "queue")).body, "data");
      expect(await queue()).toEqual({ rooms: [], held: 0, reports: 0, isCut: false });
      for (const roomId of ["one", "two"]) {
        await ann.ack({ type: "create_room", roomId, roomType: "public", name: `Room ${roomId}`, clientId: roomId });
        await ann.join(roomId);
      }
      await ann.ack({ type: "set_moderation", roomId: "one", rules: [{ id: "w", action: "hold", words: ["bad"] }] });
      const ben = await TestClient.connect(server, {
        token: server.token({ user: "ben", tenant: "queue" }),
        wire: "json",
      });
      for (const roomId of ["one", "two"]) await ben.join(roomId);
      await ben.say("one", "a bad word");
      await ben.ack({ type: "report_user", roomId: "two", userId: "ann", reason: "unkind" });
      await ann.ack({ type: "report_user", roomId: "two", userId: "ben", reason: "unkind, too" });
      await eventually(async () =>
        expect(await queue()).toMatchObject({
          rooms: [
            { roomId: "one", name: "Room one", type: "public", held: 1, reports: 0 },
            { roomId: "two", held: 0, reports: 2 },
          ],
          held: 1,
          reports: 2,
        }),
      );
      const root = server.token({ user: "root", tenant: "queue", role: "admin" });
      const held = await server.rest("GET", "/v1/chat/rooms/one/held", { token: root });
      const [{ heldId }] = listAt(held.body, "data.held") as [{ heldId: string }];
      const approve = `/v1/chat/rooms/one/held/${heldId}/approve`;
      expect((await server.rest("POST", approve, { token: root, body: {} })).status).toBe(200);
      const open = await server.rest("GET", "/v1/chat/rooms/two/reports", { token: root });
      const [{ reportId }] = listAt(open.body, "data.reports") as [{ reportId: string }];
      const resolve = `/v1/chat/rooms/two/reports/${reportId}/resolve`;
      expect((await server.rest("POST", resolve, { token: root, body: { action: "dismiss" } })).status).toBe(200);
      await eventually(async () =>
        expect(await queue()).toMatchObject({ rooms: [{ roomId: "two", reports: 1 }], held: 0, reports: 1 }),
      );
      expect((await look(server, "/queue", "queue", "ann", "user")).status).toBe(403);
      await Promise.all([ann.close(), ben.close()]);
    });
  });

  test("what the assistant has cost today is told beside what it may cost", async () => {
    // The server of the last store; nothing was asked.
    const alone = await TestServer.start({ env: { STOA_AI_TENANT_TOKENS: "500", STOA_AI_USER_TOKENS: "0" } });
    try {
      const reply = await look(alone, "/assistant", "default");
      expect(at(reply.body, "data")).toMatchObject({
        isConfigured: false,
        answers: { tokens: 0, requests: 0, tokensPerDay: 500 },
        perPerson: null,
      });
      expect((await look(alone, "/assistant", "default", "ann", "user")).status).toBe(403);
    } finally {
      await alone.dispose();
    }
  });
});

describe("of the server", () => {
  const OPERATOR = "an-operator-token-of-the-tests";
  let server: TestServer;
  const overview = (headers: Readonly<Record<string, string>>, query = "", role: "admin" | "user" = "admin") =>
    server.rest("GET", `/v1/chat/admin/overview${query}`, { token: server.token({ user: "root", role }), headers });

  beforeAll(async () => {
    server = await TestServer.start({ env: { STOA_METRICS_TOKEN: OPERATOR } });
  }, 60_000);
  afterAll(() => server?.dispose());

  test("operators see the truth: connections that are open, messages that were sent", async () => {
    const clients = await Promise.all(
      ["ann", "ben", "cleo"].map((user) => TestClient.connect(server, { token: server.token({ user }), wire: "json" })),
    );
    const [ann] = clients as [TestClient, ...TestClient[]];
    await ann.ack({ type: "create_room", roomId: "r", roomType: "public", name: "R", clientId: "r" });
    for (const client of clients) await client.join("r");
    for (let i = 0; i < 20; i += 1) await ann.say("r", `message ${i}`);
    await eventually(async () => {
      const reply = await overview({ "x-operator-token": OPERATOR });
      expect(reply.status).toBe(200);
      const columns = listAt(reply.body, "data.columns") as readonly string[];
      const [node] = listAt(reply.body, "data.nodes") as [{ samples: number[][]; isReady: boolean }];
      const of = (name: string) => node.samples.map((sample) => sample[columns.indexOf(name)] ?? Number.NaN);
      // Samples are not exactly two seconds apart.
      const ats = of("at");
      const secondsOf = (i: number): number => ((ats[i] ?? 0) - (ats[i - 1] ?? (ats[0] ?? 0) - PULSE_EVERY_MS)) / 1_000;
      const messages = of("messagesPerSecond").reduce((sum, rate, i) => sum + rate * secondsOf(i), 0);
      expect(Math.abs(messages - 20)).toBeLessThan(5);
      expect(of("connections").at(-1)).toBe(3);
      expect(Math.max(...of("answerP99Ms"))).toBeGreaterThan(0);
      expect(Math.max(...of("commitP99Ms"))).toBeGreaterThan(0);
      expect(of("memoryBytes").at(-1)).toBeGreaterThan(10_000_000);
    }, 60_000);
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);

  test("nobody else does: no administrator without the operator's token, no operator who is no administrator", async () => {
    for (const headers of [{}, { "x-operator-token": "another" }, { "x-operator-token": "" }]) {
      const refused = await overview(headers);
      expect([refused.status, refused.body.error?.code]).toEqual([403, "forbidden"]);
      expect(refused.text).not.toContain("samples");
    }
    expect((await overview({ "x-operator-token": OPERATOR }, "", "user")).status).toBe(403);
    const wrong = await overview({ "x-operator-token": OPERATOR }, "?since=yesterday");
    expect([wrong.status, at(wrong.body, "error.details.field")]).toEqual([400, "since"]);
  });

  test("who was there before is given only what came since", async () => {
    const future = await overview({ "x-operator-token": OPERATOR }, "?since=2100-01-01T00:00:00Z");
    expect(at(future.body, "data.nodes")).toMatchObject([{ samples: [] }]);
  });
});
