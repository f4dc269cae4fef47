/** What is collected, and what is not: a real folder, rooms that know some files, and a clock of the test's own. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import type { RoomId, TenantId } from "../../../../src/base/ids.ts";
import { FILE_UNUSED_MS_MAX, FILES_DROPPED_MAX, FILES_NEEDED_MS, UPLOAD_MS_MAX } from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { FileSweep } from "../../../../src/edge/files/file-sweep.ts";
import type { Holds } from "../../../../src/edge/keeping/holds.ts";
import type { Engine } from "../../../../src/edge/ports.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { pathPart } from "../../../../src/storage/blobs.ts";
import { FolderBlobs } from "../../../../src/storage/folder/folder-blobs.ts";
import { createLog } from "../../../../src/edge/log.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../support/temporary-folder.ts";
import { SmallWorld } from "../../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const ROOM = "r1" as RoomId;
const NO_HOLDS: Holds = { tenant: false, rooms: new Set(), users: new Set(), all: [] };

/** Rooms that know some files; what is dropped they know no more. */
class KnowingRooms implements Engine {
  readonly known = new Map<string, "used" | "unused">();
  rejection: Rejection | undefined;
  readonly asked: number[] = [];

  async call<C extends Call>(by: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if (by.role !== "system" || by.tenant !== TENANT) throw new Error("only the engine itself looks through files");
    if (this.rejection !== undefined) return err(this.rejection);
    if (call.kind === "mutate" && call.command.kind === "drop_files") {
      this.asked.push(call.command.files.length);
      for (const id of call.command.files) if (this.known.get(id) === "unused") this.known.delete(id);
      return ok({ seq: 0, timestamp: 0, duplicate: false } as ReplyOf<C>);
    }
    if (call.kind !== "files") throw new Error(`nobody asks for ${call.kind}`);
    return ok({ files: call.ids.map((id) => (this.known.has(id) ? { id } : null)) } as unknown as ReplyOf<C>);
  }
}

let folder: TemporaryFolder;
let blobs: FolderBlobs;
let rooms: KnowingRooms;
let sweep: FileSweep;
let holds: Result<Holds, Rejection>;
let used: ReadonlyMap<TenantId, number> = new Map();
const world = new SmallWorld();
const { clock } = world;

beforeEach(() => {
  folder = temporaryFolder();
  blobs = new FolderBlobs(folder.path);
  rooms = new KnowingRooms();
  const log = createLog({ level: "silent", instanceId: "test" });
  const counted = (found: ReadonlyMap<TenantId, number>): void => {
    used = found;
  };
  holds = ok(NO_HOLDS);
  const parts = { engine: rooms, blobs, clock, log, isMine: () => true, holds: async () => holds, counted };
  sweep = new FileSweep(parts);
});
afterEach(() => {
  sweep.stop();
  folder.remove();
});

async function file(id: string, ageMs: number, part: "files" | "uploads" = "files"): Promise<void> {
  const key = { tenant: TENANT, room: ROOM, id };
  const bytes = new TextEncoder().encode("abc");
  if (part === "files") await blobs.put(key, bytes);
  else
    await blobs.receive(
      key,
      { offset: 0, total: 3 },
      (async function* () {
        yield bytes;
      })(),
    );
  const at = (clock.wallMs() - ageMs) / 1_000;
  utimesSync(join(folder.path, part, pathPart(TENANT), pathPart(ROOM), id), at, at);
}
const left = async (): Promise<readonly string[]> => (await Array.fromAsync(blobs.walk())).map(({ id }) => id).sort();

test("files that nobody refers to go after a day, with their small pictures; others stay", async () => {
  const old = FILE_UNUSED_MS_MAX + 1_000;
  for (const id of ["file_used", "file_unused", "file_unused.thumb", "file_unknown"]) await file(id, old);
  await file("file_young", FILE_UNUSED_MS_MAX - 60_000);
  rooms.known.set("file_used", "used").set("file_unused", "unused");
  expect(await sweep.sweep()).toEqual({ files: 5, removed: 2 });
  expect(await left()).toEqual(["file_used", "file_young"]);
  expect(used.get(TENANT)).toBe(15);
});

test("an upload has its day, and a while more", async () => {
  await file("file_old", 2 * UPLOAD_MS_MAX, "uploads");
  await file("file_young", UPLOAD_MS_MAX, "uploads");
  expect(await sweep.sweep()).toEqual({ files: 2, removed: 1 });
  expect(await left()).toEqual(["file_young"]);
});

test("what a room cannot say now is not removed, and of a room that is gone all of it is", async () => {
  await file("file_a", 2 * FILE_UNUSED_MS_MAX);
  rooms.rejection = { code: "unavailable" };
  expect((await sweep.sweep()).removed).toBe(0);
  rooms.rejection = { code: "room_not_found" };
  expect((await sweep.sweep()).removed).toBe(1);
  expect(await left()).toEqual([]);
});

test("a room that needs its files is not asked about them again for a day", async () => {
  await file("file_used", 2 * FILE_UNUSED_MS_MAX);
  await file("file_used.thumb", 2 * FILE_UNUSED_MS_MAX);
  rooms.known.set("file_used", "used");
  for (const asked of [1, 1]) {
    expect((await sweep.sweep()).removed).toBe(0);
    expect(rooms.asked).toHaveLength(asked);
  }
  world.run(FILES_NEEDED_MS + 1);
  rooms.known.clear();
  expect((await sweep.sweep()).removed).toBe(1);
  expect(await left()).toEqual([]);
});

test("many files of a room are asked about in turns", async () => {
  for (let i = 0; i <= FILES_DROPPED_MAX; i += 1) {
    await file(`file_${i}`, 2 * FILE_UNUSED_MS_MAX);
    rooms.known.set(`file_${i}`, "used");
  }
  expect((await sweep.sweep()).removed).toBe(0);
  expect(rooms.asked.sort((a, b) => a - b)).toEqual([1, FILES_DROPPED_MAX]);
});

test("what may be on legal hold stays, and so does everything while that is not known; afterwards it goes", async () => {
  await file("file_unused", 2 * FILE_UNUSED_MS_MAX);
  rooms.known.set("file_unused", "unused");
  const held: readonly Result<Holds, Rejection>[] = [
    ok({ ...NO_HOLDS, tenant: true }),
    ok({ ...NO_HOLDS, rooms: new Set([ROOM]) }),
    ok({ ...NO_HOLDS, users: new Set(["cyd"]) }),
    err({ code: "unavailable" }),
  ];
  for (const one of held) {
    holds = one;
    expect((await sweep.sweep()).removed).toBe(0);
  }
  expect(rooms.asked).toEqual([]);
  holds = ok({ ...NO_HOLDS, rooms: new Set(["another"]) });
  expect((await sweep.sweep()).removed).toBe(1);
  expect(await left()).toEqual([]);
});
