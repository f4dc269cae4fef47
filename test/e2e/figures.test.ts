/** Figures of tenants and rooms through real servers: counted beside the messages' way, on both stores and on two nodes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt } from "../support/json.ts";
import { redisIsThere } from "../support/redis-servers.ts";
import type { TestServer } from "../support/server.ts";
import { TwoNodes } from "../support/two-nodes.ts";

const OFTEN = { STOA_FIGURES_SECONDS: "1" };
const FIGURES_MS_MAX = 30_000;
const ROOM = "plaza";

const connect = (server: TestServer, user: string, tenant: string) =>
  TestClient.connect(server, { token: server.token({ user, tenant }), wire: "json" });

async function statsOf(server: TestServer, tenant: string, query = ""): Promise<unknown> {
  const token = server.token({ user: "root", tenant, role: "admin" });
  const reply = await server.rest("GET", `/v1/chat/admin/stats${query}`, { token });
  expect(reply.status).toBe(200);
  return reply.body.data;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + FIGURES_MS_MAX;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error("the figures did not come");
    await Bun.sleep(250);
  }
}

function figures(one: () => TestServer, two: () => TestServer, tenant: string): void {
  test("messages, writers and rooms are counted, and a room's figures are there at once", async () => {
    const [ann, ben] = await Promise.all([connect(one(), "ann", tenant), connect(two(), "ben", tenant)]);
    await ann.ack({ type: "create_room", roomId: ROOM, name: "Plaza", roomType: "public", allowAnonymous: true });
    await ann.ack({ type: "create_room", roomId: "quiet", name: "Quiet", roomType: "public" });
    await ben.join(ROOM);
    for (let i = 0; i < 5; i += 1) await ann.say(ROOM, `a${i}`);
    await ben.say(ROOM, "b");
    await ben.ack({ type: "send_message", roomId: ROOM, content: "nobody", anonymous: true });
    await ann.say("quiet", "shh");
    const token = two().token({ user: "ann", tenant });
    const room = await two().rest("GET", `/v1/chat/rooms/${ROOM}/stats`, { token });
    expect(room.status).toBe(200);
    expect(room.body.data).toMatchObject({
      roomId: ROOM,
      messageCount: 7,
      memberCount: 2,
      present: 2,
      unreadMembers: 2,
    });
    const last = at(room.body, "data.last24Hours");
    expect(last).toMatchObject({ messages: 7, writers: 3, isCut: false });
    expect(listAt(last, "busiest")[0]).toEqual({ userId: "ann", messages: 5 });
    const member = await one().rest("GET", `/v1/chat/rooms/${ROOM}/stats`, {
      token: one().token({ user: "ben", tenant }),
    });
    expect(member.status).toBe(403);
    await until(async () => at(await statsOf(two(), tenant), "last24Hours.messages") === 8);
    await until(async () => Number(at(await statsOf(two(), tenant), "last24Hours.activeUsers")) >= 3);
    // Nodes tell the directory who is connected once a second.
    await until(async () => at(await statsOf(one(), tenant), "users") === 2);
    // Each node writes its own figures, and both are looked at anew.
    await eventually(async () => {
      const stats = await statsOf(one(), tenant, "?days=1");
      expect(at(stats, "rooms")).toEqual([
        { roomId: ROOM, messages: 7 },
        { roomId: "quiet", messages: 1 },
      ]);
      // Of three who asked for something two wrote; who was anonymous is counted as nobody.
      expect(at(stats, "last24Hours")).toMatchObject({ messages: 8, writers: 2, activeUsers: 3 });
      expect(at(stats, "users")).toBe(2);
    }, FIGURES_MS_MAX);
    const other = await statsOf(one(), `${tenant}_other`);
    expect(other).toMatchObject({ connections: 0, rooms: [], last24Hours: { messages: 0 } });
    for (const path of ["/stats?days=0", "/stats?days=91"]) {
      const admin = one().token({ user: "root", tenant, role: "admin" });
      expect((await one().rest("GET", `/v1/chat/admin${path}`, { token: admin })).status).toBe(400);
    }
    expect((await one().rest("GET", "/v1/chat/admin/stats", { token })).status).toBe(403);
    await Promise.all([ann.close(), ben.close()]);
  }, 60_000);
}

let server: TestServer;
onBothStores(
  OFTEN,
  (given) => {
    server = given;
  },
  () =>
    figures(
      () => server,
      () => server,
      "single",
    ),
);

describe.if(await redisIsThere())("on two nodes", () => {
  let nodes: TwoNodes;
  beforeAll(async () => {
    nodes = await TwoNodes.start(OFTEN);
  }, 60_000);
  afterAll(() => nodes?.dispose());
  figures(
    () => nodes.one,
    () => nodes.two,
    "cluster",
  );
});
