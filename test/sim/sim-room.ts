/** The production room with two ways to go wrong in the middle of a turn, asked for by a message's text. */
import { RoomActor, type RoomMessage } from "../../src/actors/room/room-actor.ts";
import type { RoomAddress } from "../../src/actors/address.ts";
import type { ShardEnv } from "../../src/actors/shard-env.ts";
import type { RoomHost } from "./sim-node.ts";

/** The thread is lost while it handles this message. */
export const CRASHING_CONTENT = "poison: crash";
/** The actor throws while it handles this message. */
export const THROWING_CONTENT = "poison: throw";

export class SimRoom extends RoomActor {
  readonly #host: RoomHost;

  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address.tenant, address.id);
    this.#host = host;
  }

  protected override receive(message: RoomMessage): void {
    if (message.to === "room" && message.command.kind === "send_message") {
      const { content } = message.command;
      if (content.startsWith(THROWING_CONTENT)) throw new Error(content);
      if (content.startsWith(CRASHING_CONTENT)) {
        this.#host.crash();
        return;
      }
    }
    super.receive(message);
  }
}
