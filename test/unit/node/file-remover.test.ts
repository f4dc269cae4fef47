import { afterEach, beforeEach, expect, test } from "bun:test";
import { HOLDS, personHold, roomHold, TENANT_HOLD } from "../../../src/base/holds.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { fileRemover } from "../../../src/node/file-remover.ts";
import { thumbnailOf } from "../../../src/storage/blobs.ts";
import { FolderBlobs } from "../../../src/storage/folder/folder-blobs.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { eventually } from "../../support/eventually.ts";
import { SmallWorld } from "../../support/small-shard.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const TENANT = "acme" as TenantId;
const ROOM = "r/1" as RoomId;
const IDS = ["file_a", thumbnailOf("file_a"), "file_b"];

let folder: TemporaryFolder;
let blobs: FolderBlobs;
let world: SmallWorld;
let projections: MemoryProjections;

beforeEach(async () => {
  folder = temporaryFolder();
  blobs = new FolderBlobs(folder.path);
  world = new SmallWorld();
  projections = new MemoryProjections(world.store, world.soon);
  for (const id of IDS) await blobs.put({ tenant: TENANT, room: ROOM, id }, new TextEncoder().encode("abc"));
});
afterEach(() => folder.remove());

const left = async (): Promise<readonly string[]> => (await Array.fromAsync(blobs.walk())).map(({ id }) => id).sort();
const isLeft = (ids: readonly string[]) => eventually(async () => expect(await left()).toEqual(ids as string[]));

function remove(files: readonly string[] | "all"): void {
  fileRemover(projections, blobs)(TENANT, ROOM, files);
  world.run();
}

function setHold(id: string, value: object | null, expectedVersion: number): void {
  projections.writeDocument(TENANT, HOLDS, id, value, expectedVersion, (done) => {
    if (!done.ok || done.value !== "written") throw new Error("the hold was not written");
  });
  world.run();
}

test("files go with all that belongs to them", async () => {
  remove(["file_a"]);
  await isLeft(["file_b"]);
  remove("all");
  await isLeft([]);
});

test("none goes that may be on legal hold: of the tenant, of the room, of any person", async () => {
  for (const id of [TENANT_HOLD, roomHold(ROOM), personHold("cyd" as UserId)]) {
    setHold(id, {}, 0);
    const reads: string[] = [];
    const counted: typeof blobs = Object.create(blobs) as FolderBlobs;
    counted.remove = (key) => {
      reads.push(key.id);
      return blobs.remove(key);
    };
    fileRemover(projections, counted)(TENANT, ROOM, ["file_b"]);
    world.run();
    expect(reads).toEqual([]);
    setHold(id, null, 1);
  }
  expect(await left()).toEqual([...IDS].sort());
  setHold(roomHold("another" as RoomId), {}, 0);
  remove("all");
  await isLeft([]);
});
