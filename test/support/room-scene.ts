/** A room on one node whose journal a test may take hold of: for what happens between a turn and its commit. */
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { MemoryLog } from "../../src/storage/memory/memory-store.ts";
import { ScriptedJournal } from "./scripted-journal.ts";
import { type SmallClient, SmallNode } from "./small-node.ts";
import type { Frame } from "./wire.ts";

export interface RoomScene {
  readonly node: SmallNode;
  /** That of the shard that runs now. */
  readonly journal: () => ScriptedJournal;
  readonly ann: SmallClient;
  readonly ben: SmallClient;
  readonly log: MemoryLog;
}

/** A public room with two people in it: 1 fence, 2 created, 3 and 4 joined. */
export function roomScene(): RoomScene {
  let journal: ScriptedJournal | undefined;
  const node = new SmallNode({
    wrapJournal: (real) => {
      journal = new ScriptedJournal(real);
      return journal;
    },
  });
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  const log = node.store.currentLog("acme" as TenantId, "room" as RoomId);
  if (log === undefined) throw new Error("the room was not written");
  return { node, ann, ben, log, journal: () => journal as ScriptedJournal };
}

/** To that room. */
export const message = (content: string, more: object = {}): Frame => ({
  type: "send_message",
  roomId: "room",
  content,
  ...more,
});
