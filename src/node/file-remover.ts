/** Takes away the bytes of files that no message of a room refers to any more, unless a legal hold may be on them. */
import { readFilesHeld } from "../actors/room/room-holds.ts";
import type { ShardEnv } from "../actors/shard-env.ts";
import { type BlobStore, removeFor } from "../storage/blobs.ts";
import type { Projections } from "../storage/projections.ts";

/** What is left, for whatever reason, is found by the sweep. */
export function fileRemover(
  projections: Pick<Projections, "readDocument" | "listDocuments">,
  blobs: BlobStore,
): ShardEnv["removeFiles"] {
  return (tenant, room, files) =>
    readFilesHeld(projections, tenant, room, (held) => {
      if (held.ok && !held.value) void removeFor(blobs, { tenant, room }, files);
    });
}
