/** A thread that throws, rejects, loops or ends takes nobody's socket with it, and its rooms answer again soon. */
import { expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { keepsTo } from "../support/in-time.ts";
import { at } from "../support/json.ts";
import { TestServer } from "../support/server.ts";

/** What is promised: a lost worker's rooms answer again. */
const RECOVERY_MS_MAX = 2_000;
const ENTRY = "test/support/faulty-server.ts";
const ROOMS = ["room_a", "room_b", "room_c", "room_d"];

/** Sends until it is acked, which temporary refusals may delay; returns how long it took. */
async function sayUntilAcked(client: TestClient, roomId: string, content: string): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const reply = await client.request({ type: "send_message", roomId, content, clientId: content });
    if (reply.type === "ack") return performance.now() - startMs;
    if (reply["temporary"] !== true || performance.now() - startMs > 30_000) throw new Error(JSON.stringify(reply));
    await Bun.sleep(Number(reply["retryAfterMs"] ?? 20));
  }
}

for (const shards of [1, 2]) {
  for (const [how, content] of [
    ["throws", "throw!"],
    ["rejects a promise that nobody holds", "reject!"],
    ["rejects a promise each time and never answers", "vanish!"],
    ["never comes back", "loop!"],
    ["ends itself", "exit!"],
  ] as const) {
    test(`with ${shards} shard(s), a worker that ${how}: sockets stay, rooms answer again within two seconds`, async () => {
      await keepsTo(RECOVERY_MS_MAX, () => lose(shards, content));
    }, 150_000);
  }
}

/** Returns the longest time that a room did not answer. */
async function lose(shards: number, content: string): Promise<number> {
  const server = await TestServer.start({
    entry: ENTRY,
    env: { STOA_SHARDS: String(shards), STOA_RATE_BURST: "1000" },
  });
  try {
    const [ann, ben] = await Promise.all(
      ["ann", "ben"].map((user) => TestClient.connect(server, { token: server.token({ user }), wire: "json" })),
    );
    if (ann === undefined || ben === undefined) throw new Error("not connected");
    for (const roomId of ROOMS) {
      await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
      await ann.join(roomId);
      await ben.join(roomId);
      await ben.say(roomId, "before");
    }
    const bad = ann.request({ type: "send_message", ref: "bad", roomId: "room_a", content }, 30_000);
    // If the test fails before it is awaited, its failure is not to be reported for another test.
    bad.catch(() => undefined);
    const times = await Promise.all(ROOMS.map((roomId) => sayUntilAcked(ben, roomId, `after in ${roomId}`)));

    // What broke it is answered once and not tried again: the rooms go on with other messages.
    const reply = await bad;
    if (content !== "reject!") expect(reply).toMatchObject({ type: "error", code: "internal", ref: "bad" });
    for (const roomId of ROOMS) {
      times.push(await sayUntilAcked(ann, roomId, `still in ${roomId}`));
      await ben.message(roomId, `still in ${roomId}`);
    }
    // A rejection surfaces after its turn: once more may be needed to see whose it was.
    expect(server.output.match(/"worker_lost"/g)?.length ?? 0).toBeLessThanOrEqual(
      content === "reject!" || content === "vanish!" ? 2 : 1,
    );

    expect([ann.isOpen, ben.isOpen]).toEqual([true, true]);
    for (const client of [ann, ben]) {
      expect(client.faults()).toEqual([]);
      for (const roomId of ROOMS) {
        const texts = (client.rooms.get(roomId)?.events ?? [])
          .filter((event) => event.type === "new_message")
          .map((event) => at(event.body, "message.content"))
          .filter((text) => text !== "reject!");
        expect(texts).toEqual(["before", `after in ${roomId}`, `still in ${roomId}`]);
      }
    }
    return Math.max(...times);
  } finally {
    await server.dispose();
  }
}
