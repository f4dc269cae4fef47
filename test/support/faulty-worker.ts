/**
 * A shard's thread whose rooms fail when a message says so: `throw!`, `reject!`, `vanish!`, `loop!` or `exit!`. Everything else in it
 * is the real thing.
 */
import { parentPort, workerData } from "node:worker_threads";
import { RoomActor, type RoomMessage } from "../../src/actors/room/room-actor.ts";
import { runShardThread } from "../../src/node/shard-thread.ts";

class FaultyRoom extends RoomActor {
  protected override receive(message: RoomMessage): void {
    const content = message.to === "room" && message.command.kind === "send_message" ? message.command.content : "";
    failAs(content);
    if (content !== "vanish!") super.receive(message);
  }
}

function failAs(content: string): void {
  switch (content) {
    case "throw!":
      throw new Error("a fault of the test");
    case "reject!":
    case "vanish!":
      void Promise.reject(new Error("a rejection of the test"));
      return;
    case "loop!":
      for (;;);
    case "exit!":
      process.exit(0);
  }
}

if (parentPort !== null)
  await runShardThread(parentPort, workerData, (env, { tenant, id }) => new FaultyRoom(env, tenant, id));
