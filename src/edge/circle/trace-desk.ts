/** Asks the edges of all nodes what became of a message there, and answers them. */
import type { Clock } from "../../base/clock.ts";
import type { Seq, UserId } from "../../base/ids.ts";
import type { DeliveryTrace, EdgeTraceView } from "./delivery-trace.ts";
import type { EdgeNotice } from "./edge-notices.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";
import { type Answers, Rounds } from "./rounds.ts";

export interface TraceDeskPorts {
  readonly clock: Clock;
  readonly trace: DeliveryTrace;
  readonly rooms: () => ReadonlyMap<string, EdgeRoom>;
  /** The other nodes there are now. */
  readonly others: () => readonly string[];
  readonly tell: (notice: EdgeNotice) => void;
}
export type EdgeAnswers = Answers<EdgeTraceView>;

export class TraceDesk {
  readonly #ports: TraceDeskPorts;
  readonly #rounds: Rounds<EdgeTraceView>;

  constructor(ports: TraceDeskPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds(ports.clock, ports.others);
  }

  /** `undefined`: too many ask at once. */
  ask(key: string, seq: Seq, userId: UserId): Promise<EdgeAnswers | undefined> {
    const { tell, trace } = this.#ports;
    const own = this.#own(key, seq, userId);
    return this.#rounds.ask(own, (ask) => tell({ kind: "trace_ask", from: trace.node, ask, key, seq, userId }));
  }

  heard(notice: EdgeNotice): void {
    if (notice.kind === "trace_ask") {
      const { from: to, ask, key, seq, userId } = notice;
      this.#ports.tell({ kind: "trace_told", to, ask, view: this.#own(key, seq, userId) });
    }
    if (notice.kind === "trace_told" && notice.to === this.#ports.trace.node)
      this.#rounds.told(notice.ask, notice.view);
  }

  #own(key: string, seq: Seq, userId: UserId): EdgeTraceView {
    return this.#ports.trace.of(key, seq, userId, this.#ports.rooms().get(key));
  }
}
