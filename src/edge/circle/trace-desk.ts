/**
 * Asks the edges of all nodes what became of a message there, and answers them. A node that does not answer in time is named:
 * what it would have said is not known.
 */
import type { Clock } from "../../base/clock.ts";
import type { Seq, UserId } from "../../base/ids.ts";
import { TRACE_QUESTIONS_MAX, TRACE_WAIT_MS } from "../../base/limits.ts";
import type { DeliveryTrace, EdgeTraceView } from "./delivery-trace.ts";
import type { EdgeNotice } from "./edge-notices.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";

export interface TraceDeskPorts {
  readonly clock: Clock;
  readonly trace: DeliveryTrace;
  readonly rooms: () => ReadonlyMap<string, EdgeRoom>;
  /** The other nodes there are now. */
  readonly others: () => readonly string[];
  readonly tell: (notice: EdgeNotice) => void;
}
export interface EdgeAnswers {
  readonly views: readonly EdgeTraceView[];
  readonly silent: readonly string[];
}

interface Open {
  readonly views: EdgeTraceView[];
  readonly missing: Set<string>;
  readonly done: () => void;
}

export class TraceDesk {
  readonly #ports: TraceDeskPorts;
  readonly #open = new Map<number, Open>();
  #asked = 0;

  constructor(ports: TraceDeskPorts) {
    this.#ports = ports;
  }

  /** `undefined`: too many ask at once. */
  ask(key: string, seq: Seq, userId: UserId): Promise<EdgeAnswers | undefined> {
    const { clock, others, tell, trace } = this.#ports;
    const own = this.#own(key, seq, userId);
    const missing = new Set(others());
    if (missing.size === 0) return Promise.resolve({ views: [own], silent: [] });
    if (this.#open.size >= TRACE_QUESTIONS_MAX) return Promise.resolve(undefined);
    this.#asked += 1;
    const ask = this.#asked;
    return new Promise((resolve) => {
      const views = [own];
      const done = (): void => {
        timer.cancel();
        this.#open.delete(ask);
        resolve({ views, silent: [...missing] });
      };
      const timer = clock.after(TRACE_WAIT_MS, done);
      this.#open.set(ask, { views, missing, done });
      tell({ kind: "trace_ask", from: trace.node, ask, key, seq, userId });
    });
  }

  heard(notice: EdgeNotice): void {
    if (notice.kind === "trace_ask") {
      const { from: to, ask, key, seq, userId } = notice;
      this.#ports.tell({ kind: "trace_told", to, ask, view: this.#own(key, seq, userId) });
    }
    if (notice.kind !== "trace_told" || notice.to !== this.#ports.trace.node) return;
    const open = this.#open.get(notice.ask);
    if (open === undefined || !open.missing.delete(notice.view.node)) return;
    open.views.push(notice.view);
    if (open.missing.size === 0) open.done();
  }

  #own(key: string, seq: Seq, userId: UserId): EdgeTraceView {
    return this.#ports.trace.of(key, seq, userId, this.#ports.rooms().get(key));
  }
}
