/** The registry of nodes in one process, asked through the ways and faults of its `MemoryCluster`. */
import type { Beat, Membership, NodeInfo } from "../membership.ts";
import type { MemoryCluster } from "./memory-cluster.ts";

/** How long `leave` waits for its answer: nothing depends on it, what stays behind expires. */
const LEAVE_MS_MAX = 1_000;

export class MemoryMembership implements Membership {
  readonly #cluster: MemoryCluster;

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
  }

  beat(
    self: NodeInfo,
    options: { readonly ttlMs: number; readonly timeoutMs: number },
    done: (beat: Beat) => void,
  ): void {
    const answer = this.#once(options.timeoutMs, done, { ok: false, error: "unavailable" });
    this.#cluster.ask(
      self.id,
      () => this.#cluster.register(self, options.ttlMs),
      (reading) => answer({ ok: true, reading }),
    );
  }

  leave(self: NodeInfo, done: () => void): void {
    const answer = this.#once<void>(LEAVE_MS_MAX, done, undefined);
    this.#cluster.ask(self.id, () => this.#cluster.unregister(self.id), answer);
  }

  /** The first answer, or after the time the other one; what comes later is nobody's. */
  #once<Answer>(timeoutMs: number, done: (answer: Answer) => void, otherwise: Answer): (answer: Answer) => void {
    let isAnswered = false;
    const answer = (value: Answer): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      done(value);
    };
    const timer = this.#cluster.clock.after(timeoutMs, () => answer(otherwise));
    return answer;
  }
}
