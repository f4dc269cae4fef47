/** A room with subscribers on this edge: its topics, and the last sequence that was published to them. */
import type { RoomId, Seq, TenantId } from "../../base/ids.ts";
import type { CodecId } from "../../protocol/codec.ts";
import type { Connection } from "./connection.ts";
import type { ShardTarget } from "../links/shard-target.ts";

export class EdgeRoom {
  /** Where its actor is, or should be. */
  target: ShardTarget;
  readonly tenant: TenantId;
  readonly room: RoomId;
  lastSeq: Seq;
  readonly connections = new Set<Connection>();
  /** Until then somebody may ask what became of its frames; 0: nobody will. Milliseconds since 1970. */
  tracedUntilMs = 0;
  /** The last frame that was noted for them. */
  tracedHead: Seq = 0;
  /** `tenant/room`. */
  readonly key: string;
  readonly #topics: (string | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(target: ShardTarget, key: string, lastSeq: Seq) {
    this.target = target;
    this.key = key;
    const slash = key.indexOf("/");
    this.tenant = key.slice(0, slash) as TenantId;
    this.room = key.slice(slash + 1) as RoomId;
    this.lastSeq = lastSeq;
  }

  /** Ids have no `#`, so no room's topic is another's. */
  topic(codec: CodecId): string {
    let topic = this.#topics[codec];
    if (topic === undefined) {
      topic = `${this.key}#${codec}`;
      this.#topics[codec] = topic;
    }
    return topic;
  }
}
