/** "Why did this member not get this message?", asked of real servers: of one, and of two that share a room. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { type RestReply, TestServer } from "../support/server.ts";
import { StalledClient } from "../support/stalled-client.ts";
import { TwoNodes } from "../support/two-nodes.ts";

setDefaultTimeout(60_000);
const ADMIN = { user: "root", role: "admin" } as const;
const ROOT_FOLDER = join(import.meta.dir, "../..");

const admin = (server: TestServer, method: string, path: string, body?: unknown): Promise<RestReply> =>
  server.rest(method, `/v1/chat/admin/${path}`, {
    token: server.token(ADMIN),
    ...(body === undefined ? {} : { body }),
  });
const connect = (server: TestServer, user: string) => TestClient.connect(server, { token: server.token({ user }) });

async function why(server: TestServer, roomId: string, messageId: string, userId: string): Promise<unknown> {
  const reply = await admin(server, "GET", `trace?${new URLSearchParams({ roomId, messageId, userId })}`);
  expect(reply.status).toBe(200);
  return reply.body.data;
}

const step = (data: unknown, name: string): unknown => listAt(data, "steps").find((one) => at(one, "step") === name);

describe("on one node", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  });
  afterAll(() => server.dispose());

  test("it is off until an administrator switches it on, who then sees each step", async () => {
    expect((await admin(server, "GET", "tracing")).body.data).toEqual({ isOn: false, until: null });
    const on = await admin(server, "PUT", "tracing", { minutes: 5 });
    expect(on.body.data).toMatchObject({ isOn: true, until: expect.stringContaining("T") });
    const [ann, ben] = [await connect(server, "ann"), await connect(server, "ben")];
    await ann.ack({ type: "create_room", roomId: "room_traced", name: "Traced", roomType: "public" });
    await ben.join("room_traced");
    const sent = await ann.ack({ type: "send_message", roomId: "room_traced", content: "hello", mentions: ["ben"] });
    const id = textAt(sent, "messageId");
    // Of the mention somebody else tells, another actor.
    await eventually(async () => {
      const written = await why(server, "room_traced", id, "ben");
      expect(written).toMatchObject({ verdict: "written", silentNodes: [] });
      expect(listAt(written, "steps").map((one) => [at(one, "step"), at(one, "state")])).toEqual([
        ["committed", "yes"],
        ["member", "yes"],
        ["routed", "yes"],
        ["written", "yes"],
        ["delivered", "no"],
        ["read", "no"],
        ["notified", "yes"],
      ]);
    });
    await ben.ack({ type: "mark_read", roomId: "room_traced", messageIds: [id] });
    expect(await why(server, "room_traced", id, "ben")).toMatchObject({ verdict: "read" });
    expect(await why(server, "room_traced", id, "nobody")).toMatchObject({ verdict: "not_member" });
    for (const client of [ann, ben]) client.close();
  });

  test.skipIf(process.platform !== "linux")("a client that stopped reading was cut off, which is said", async () => {
    const ann = await connect(server, "ann");
    await ann.ack({ type: "create_room", roomId: "room_slow", name: "Slow", roomType: "public" });
    const stalled = await StalledClient.join(server.port, server.token({ user: "stalled" }), "room_slow");
    const ids: string[] = [];
    const content = "x".repeat(5_000);
    for (let i = 0; i < 60; i += 1) {
      const all = await Promise.all(
        Array.from({ length: 20 }, () => ann.ack({ type: "send_message", roomId: "room_slow", content })),
      );
      ids.push(...all.map((ack) => textAt(ack, "messageId")));
    }
    await eventually(async () => {
      const seen = new Set<string>();
      // Frames that went into the kernel's buffers were written before; the last ones were not taken.
      for (const id of [ids[0], ids[Math.floor(ids.length / 2)], ids.at(-1)]) {
        seen.add(textAt(await why(server, "room_slow", id ?? "", "stalled"), "verdict"));
      }
      expect([...seen]).toContain("cut_off");
    });
    stalled.destroy();
    ann.close();
  });

  test("who is no administrator, and whoever asks for nonsense, is told so", async () => {
    const query = "trace?roomId=room_traced&messageId=msg_4&userId=ben";
    const asUser = await server.rest("GET", `/v1/chat/admin/${query}`, { token: server.token({ user: "ann" }) });
    expect([asUser.status, asUser.body.error?.code]).toEqual([403, "forbidden"]);
    const own = await server.rest("PUT", "/v1/chat/admin/tracing", {
      token: server.token({ user: "ann" }),
      body: { minutes: 1 },
    });
    expect(own.status).toBe(403);
    for (const minutes of [-1, 1_441, 1.5, "soon"]) {
      const reply = await admin(server, "PUT", "tracing", { minutes });
      expect([reply.status, reply.body.error?.details?.field]).toEqual([400, "minutes"]);
    }
    expect((await admin(server, "PUT", "tracing", { minutes: 1_440 })).status).toBe(200);
    expect((await admin(server, "GET", "trace?roomId=none&messageId=msg_4&userId=ben")).status).toBe(404);
    expect((await admin(server, "GET", "trace?roomId=room_traced&messageId=msg_1&userId=ben")).status).toBe(404);
    expect((await admin(server, "GET", "trace?roomId=room_traced&messageId=msg_4")).status).toBe(400);
  });

  test("the command says it in words", async () => {
    const run = async (...args: readonly string[]) => {
      const child = Bun.spawn([process.execPath, "src/cli/why.ts", ...args], {
        cwd: ROOT_FOLDER,
        env: { PATH: process.env["PATH"], JWT_SECRET_KEY: server.secret, HOST: "127.0.0.1", PORT: String(server.port) },
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      return { out, errors, code: await child.exited };
    };
    const ann = await connect(server, "ann");
    await ann.ack({ type: "create_room", roomId: "room_asked", name: "Asked", roomType: "public" });
    const id = textAt(await ann.say("room_asked", "hello?"), "messageId");
    const args = ["--room", "room_asked", "--message", id];
    expect(await run(...args, "--user", "eve")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^They were no member of the room then\. \(not_member\)\n {2}committed {2}yes/),
    });
    expect(await run("--trace", "1")).toMatchObject({ code: 0, out: expect.stringContaining("Noted until ") });
    expect(await run("--room", "none", "--message", id, "--user", "eve")).toMatchObject({ code: 1 });
    expect(await run("--room", "a/b")).toMatchObject({
      code: 2,
      errors: expect.stringContaining("--message: got nothing"),
    });
    ann.close();
  });
});

describe("on two nodes", () => {
  let nodes: TwoNodes;
  beforeAll(async () => {
    nodes = await TwoNodes.start();
  });
  afterAll(() => nodes.dispose());

  test("either node says of either person's connection what became of the message", async () => {
    const { one, two } = nodes;
    await admin(one, "PUT", "tracing", { minutes: 5 });
    const [ann, ben] = [await connect(one, "ann"), await connect(two, "ben")];
    // Rooms of both nodes, whichever owns them.
    for (const roomId of ["room_a", "room_b", "room_c", "room_d"]) {
      await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
      await ben.join(roomId);
      // The nodes hear that it was switched on within a moment.
      let id = "";
      await eventually(async () => {
        id = textAt(await ann.say(roomId, "hello"), "messageId");
        expect(await why(one, roomId, id, "ben")).toMatchObject({ verdict: "written" });
      });
      for (const node of [one, two]) {
        const traced = await why(node, roomId, id, "ben");
        expect(traced).toMatchObject({ verdict: "written", silentNodes: [] });
        const sockets = listAt(step(traced, "written"), "sockets");
        expect(sockets).toMatchObject([{ node: expect.stringMatching(/^two\./), wasWritten: true }]);
        expect(listAt(step(traced, "routed"), "to.0.nodes")).toHaveLength(2);
      }
    }
    ben.close();
    await eventually(async () => {
      const id = textAt(await ann.say("room_a", "gone?"), "messageId");
      expect(await why(one, "room_a", id, "ben")).toMatchObject({ verdict: "no_connection" });
    });
    ann.close();
  });
});
