/** What senders are told of their messages, also when that is asked for again much later. */
import { expect, test } from "bun:test";
import { SmallNode } from "../../../support/small-node.ts";

test("a message that was held is said to be held again, also when the room has it in memory no more", () => {
  const node = new SmallNode();
  const ann = node.connect("ann");
  const ben = node.connect("ben");
  ann.create("room");
  ben.join("room");
  ann.ack({ type: "set_moderation", roomId: "room", rules: [{ id: "r", action: "hold", words: ["doubtful"] }] });
  const message = { type: "send_message", roomId: "room", content: "doubtful", clientId: "b1" };
  const first = ben.ack(message);
  expect(first).toMatchObject({ held: true });
  for (let i = 0; i < 1_500; i += 1) ann.send({ type: "send_message", roomId: "room", content: `${i}` });
  const log = node.store.currentLog("acme" as never, "room" as never);
  node.runUntil(() => log?.snapshot !== undefined);
  node.run(1_000);
  node.restartShard(0);
  node.run(1_000);
  const { messageId, seq, timestamp } = first;
  const again = node.connect("ben").ack(message);
  expect(again).toMatchObject({ held: true, duplicate: true, messageId, seq, timestamp });
  expect(ann.ack({ ...message, clientId: "a1", content: "hello" })["held"]).toBeUndefined();
});
