/** What subscribers see when the worker of their rooms is lost: nothing twice, nothing missing, nobody there who is gone. */
import { expect, test } from "bun:test";
import { SmallNode } from "../../support/small-node.ts";

test("events that were committed and not told are told once, also when the next worker is lost as well", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  ann.say("room", "one");
  // Committed, and lost on its way out.
  ann.send({ type: "send_message", roomId: "room", content: "two", clientId: "two" });
  const log = node.store.currentLog("acme" as never, "room" as never);
  const before = log?.segments.length ?? 0;
  node.runUntil(() => (log?.segments.length ?? 0) > before);
  node.restartShard(0);
  node.run();
  expect(ben.texts("room")).toEqual(["one", "two"]);
  node.restartShard(0);
  node.run();
  node.restartShard(0);
  node.run();
  ann.say("room", "three");
  node.run();
  for (const client of [ann, ben]) {
    expect(client.texts("room")).toEqual(["one", "two", "three"]);
    expect(client.faults()).toEqual([]);
  }
});
