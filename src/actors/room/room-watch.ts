/** When a room looks whether somebody else has written to its log: while it follows, is cut off, or nodes have come or gone. */
import type { Seq } from "../../base/ids.ts";
import type { Later } from "../actor.ts";
import { LogWatch, type Watched } from "../log-watch.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

export class RoomWatch implements Watched {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #watch: LogWatch;
  /** The log is to be looked at for its listeners' sake. */
  #owesLook = false;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#watch = new LogWatch(env, room.key, this, later);
  }

  /** Once the log was read. */
  start(): void {
    if (this.#room.wasRead) this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
  }

  /** Nodes came or went: whoever wrote here may not have seen this node, or have died before it told. */
  lookOnce(): void {
    if (this.#room.audience.isEmpty) return;
    this.#owesLook = true;
    this.start();
  }

  get needsWatch(): boolean {
    const { follows, audience } = this.#room;
    return follows || this.#env.ownership.isIsolated || (this.#owesLook && !audience.isEmpty);
  }

  lookAfter(): Seq | undefined {
    const { follows, audience, committedSeq, isAtRest } = this.#room;
    if (!isAtRest) return undefined;
    const isWatched = this.#owesLook || this.#env.ownership.isIsolated;
    return follows || (isWatched && !audience.isEmpty) ? committedSeq : undefined;
  }

  foundMore(): void {
    this.#room.reread();
  }

  foundNone(): void {
    this.#owesLook = false;
  }
}
