/** `bun run reindex` as a process of its own: beside a running server, interrupted, and on an index that was removed. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { encodeEntries } from "../../src/actors/log-codec.ts";
import type { UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { SqliteSearchIndex } from "../../src/storage/sqlite/sqlite-search-index.ts";
import type { Hit } from "../../src/storage/search-index.ts";
import { appendNow, ask, logOf, TENANT } from "../conformance/harness.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { failOnFatal, temporaryFolder } from "../support/temporary-folder.ts";
import { SECRET } from "../support/tokens.ts";

const SCENE_MS_MAX = 180_000;

function reindex(dataDir: string, ...args: string[]) {
  return Bun.spawn([process.execPath, join(import.meta.dir, "../../src/cli/reindex.ts"), ...args], {
    env: { PATH: process.env["PATH"], STOA_DATA_DIR: dataDir, JWT_SECRET_KEY: SECRET },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function outcome(child: ReturnType<typeof reindex>) {
  const [out, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, errors };
}

async function count(server: TestServer, word: string): Promise<number> {
  const token = server.token({ user: "ann" });
  const { body } = await server.rest("GET", `/v1/chat/search?q=${word}&limit=50`, { token });
  return listAt(body, "data.hits").length;
}

test(
  "beside a running server it builds all, or one room, and messages that come meanwhile are found",
  async () => {
    const server = await TestServer.start();
    const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
    for (const roomId of ["one", "two"]) {
      await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "group" });
      for (let i = 0; i < 10; i += 1) await ann.ack({ type: "send_message", roomId, content: `plainword ${i}` });
    }
    await eventually(async () => expect(await count(server, "plainword")).toBe(20));
    const running = reindex(server.dataDir);
    await ann.ack({ type: "send_message", roomId: "one", content: "plainword meanwhile" });
    // Those two, and the one that every new server has.
    expect(await outcome(running)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^2[01] messages in 3 rooms, /),
    });
    await eventually(async () => expect(await count(server, "plainword")).toBe(21));
    expect((await outcome(reindex(server.dataDir, "--room", "two"))).out).toMatch(/^10 messages in 1 rooms, /);
    const nobody = { code: 1, out: "", errors: "tenant other has no rooms\n" };
    expect(await outcome(reindex(server.dataDir, "--tenant", "other"))).toEqual(nobody);
    const nowhere = { code: 1, out: "", errors: "there is no room nix of tenant default\n" };
    expect(await outcome(reindex(server.dataDir, "--room", "nix"))).toEqual(nowhere);
    expect((await outcome(reindex(server.dataDir, "--room", "no id"))).code).toBe(2);
    await eventually(async () => expect(await count(server, "plainword")).toBe(21));
    // Its own place it notes behind what it has found.
    await eventually(async () => {
      const health = await server.rest("GET", "/api/health");
      expect(at(health.body, "dependencies.search")).toBe("healthy");
      expect(at(health.body, "followers.search.logs")).toBe(0);
    });
    // An index that is lost is built again by the server itself.
    await server.stop();
    for (const file of readdirSync(server.dataDir)) {
      if (file.startsWith("search.db")) rmSync(join(server.dataDir, file));
    }
    await server.restart();
    await eventually(async () => expect(await count(server, "plainword")).toBe(21));
    await server.dispose();
  },
  SCENE_MS_MAX,
);

test(
  "a run that was killed is gone on with, and nothing is missing or there twice",
  async () => {
    const folder = temporaryFolder();
    const storage = openSqlite({ dir: folder.path, onFatal: failOnFatal });
    const [rooms, each] = [6, 8_000];
    for (let room = 0; room < rooms; room += 1) {
      for (let first = 1; first <= each; first += 200) {
        const events = Array.from({ length: 200 }, (_, i): LogEvent => {
          const about = { seq: first + i, timestamp: 1_750_000_000_000 + first + i, by: "ann" as UserId };
          const content = (first + i) % 1_000 === 0 ? "rareword" : `words number n${first + i}x and more of them`;
          return { kind: "message_sent", ...about, messageNo: first + i, messageType: "text", content };
        });
        const about = { epoch: 1, owner: "n", batchId: `b${first}`, messageCount: first + 199, timestamp: first };
        const segment = { firstSeq: first, lastSeq: first + 199, ...about, entries: encodeEntries(events) };
        await appendNow(storage.journal, logOf(`room-${room}`), segment);
      }
    }
    await storage.close();
    // One that ended before this process saw it begin was not interrupted.
    for (let isKilled = false; !isKilled; ) {
      const killed = reindex(folder.path);
      while (!existsSync(join(folder.path, "reindex.json")) && killed.exitCode === null) await Bun.sleep(1);
      killed.kill("SIGKILL");
      await killed.exited;
      isKilled = existsSync(join(folder.path, "reindex.json"));
    }
    const second = await outcome(reindex(folder.path));
    expect(second).toMatchObject({
      code: 0,
      errors: expect.stringContaining("goes on with a run that was interrupted"),
    });
    expect(existsSync(join(folder.path, "reindex.json"))).toBe(false);
    const index = new SqliteSearchIndex(folder.path);
    const query = { tenant: TENANT, order: "newest", limit: 1_000 } as const;
    const names = Array.from({ length: rooms }, (_, room) => logOf(`room-${room}`).room);
    const terms = [{ words: ["rareword"], isPrefix: false }];
    const hits = await ask<readonly Hit[]>((done) => index.search({ ...query, rooms: names, terms }, done));
    expect(hits).toHaveLength((rooms * each) / 1_000);
    index.close();
    folder.remove();
  },
  SCENE_MS_MAX,
);

test("a folder without a database is named, and nothing is made there", async () => {
  const folder = temporaryFolder();
  const { code, errors } = await outcome(reindex(folder.path));
  expect([code, errors]).toEqual([1, expect.stringContaining(`there is no Stoa data in ${folder.path} (no stoa.db)`)]);
  expect(readdirSync(folder.path)).toEqual([]);
  folder.remove();
});
