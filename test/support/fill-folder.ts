/** Sends an upload into a folder that takes no more than its process may write, and says what came of it. */
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import { FolderBlobs } from "../../src/storage/folder/folder-blobs.ts";

const [dir = ""] = process.argv.slice(2);
const blobs = new FolderBlobs(dir);
const upload = { tenant: "acme" as TenantId, room: "r" as RoomId, id: "file_a" };
const total = 1024 * 1024;

async function* pieces(): AsyncIterable<Uint8Array> {
  for (let i = 0; i < 16; i += 1) yield new Uint8Array(total / 16).fill(i);
}

const outcome = await blobs.receive(upload, { offset: 0, total }, pieces());
process.stdout.write(JSON.stringify({ outcome, received: await blobs.received(upload) }));
