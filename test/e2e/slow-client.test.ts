/** A client that does not read is cut off; it costs a bounded amount of memory and nobody else anything. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, numberAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { StalledClient } from "../support/stalled-client.ts";

const STALLED = 12;
const MESSAGES = 900;
/** 15 kB each: more than the kernel's buffers and the server's limit of a client together. */
const CONTENT = "€".repeat(4_980);
const MIB = 1024 * 1024;
/** Per stalled client as promised, and what the allocator keeps of the traffic itself. */
const GROWTH_BYTES_MAX = STALLED * 1.25 * MIB + 64 * MIB;

let server: TestServer;
beforeAll(async () => {
  // The index follows the messages in its own time, and would be measured as well.
  const env = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000", STOA_SEARCH: "off" };
  server = await TestServer.start({ env });
});
afterAll(() => server.dispose());

function residentBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function connections(): Promise<number> {
  return numberAt(JSON.parse((await server.rest("GET", "/api/v1/chat/health")).text), "active_connections");
}

/** Sends a window at a time, so that the sender's own queue stays short. */
async function flood(sender: TestClient, roomId: string, reader: TestClient, name: string): Promise<void> {
  for (let i = 0; i < MESSAGES; i += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, k) => sender.say(roomId, `${name} ${i + k} ${CONTENT}`)));
  }
  await reader.message(roomId, `${name} ${MESSAGES - 1} ${CONTENT}`);
}

test.skipIf(process.platform !== "linux")(
  "clients that stop reading are cut off, memory stays bounded, and a reader beside them misses nothing",
  async () => {
    const roomId = "room_flood";
    const sender = await TestClient.connect(server, { token: server.token({ user: "sender" }) });
    await sender.ack({ type: "create_room", roomId, name: "Flood", roomType: "public" });
    const reader = await TestClient.connect(server, { token: server.token({ user: "reader" }) });
    await reader.join(roomId);
    // The same traffic once without anybody stalling: what it takes of memory is the base.
    await flood(sender, roomId, reader, "warm");
    const base = residentBytes();
    const connected = await connections();

    const stalled = await Promise.all(
      Array.from({ length: STALLED }, (_, i) =>
        StalledClient.join(server.port, server.token({ user: `stalled_${i}` }), roomId),
      ),
    );
    await eventually(async () => expect(await connections()).toBe(connected + STALLED));
    await flood(sender, roomId, reader, "flood");

    await eventually(async () => expect(await connections()).toBe(connected));
    expect(residentBytes() - base).toBeLessThan(GROWTH_BYTES_MAX);
    const seen = (reader.rooms.get(roomId)?.events ?? []).filter((event) =>
      String(at(event.body, "message.content")).startsWith("flood"),
    );
    expect(seen).toHaveLength(MESSAGES);
    expect(reader.faults()).toEqual([]);
    for (const client of stalled) client.destroy();
    await Promise.all([sender.close(), reader.close()]);
  },
  120_000,
);
