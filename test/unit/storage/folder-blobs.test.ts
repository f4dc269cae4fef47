/** Files in a folder when the disk is full: as far as a process without rights can have one. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { FolderBlobs } from "../../../src/storage/folder/folder-blobs.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import type { RoomId, TenantId } from "../../../src/base/ids.ts";

const KILOBYTES = 200;

test("an upload that finds no space is told so, what fitted is kept, and it goes on when there is space again", async () => {
  const folder = temporaryFolder();
  const script = join(import.meta.dir, "../../support/fill-folder.ts");
  // The signal that comes at this bound is ignored, so that writing fails as on a full disk.
  const limited = `trap '' XFSZ; ulimit -f ${KILOBYTES}; exec "$0" "$1" "$2"`;
  const child = Bun.spawnSync(["bash", "-c", limited, process.execPath, script, folder.path]);
  const said = JSON.parse(child.stdout.toString()) as { outcome: object; received: { value: number } };
  expect(said.outcome).toEqual({ ok: false, error: "full" });
  const { value: there } = said.received;
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThanOrEqual(KILOBYTES * 1024);
  const blobs = new FolderBlobs(folder.path);
  const upload = { tenant: "acme" as TenantId, room: "r" as RoomId, id: "file_a" };
  const total = 1024 * 1024;
  const rest = (async function* () {
    yield new Uint8Array(total - there);
  })();
  expect(await blobs.receive(upload, { offset: there, total }, rest)).toEqual({ ok: true, value: total });
  expect(await blobs.keep(upload, total)).toEqual({ ok: true, value: true });
  folder.remove();
});
