/**
 * What actors tell one another (who listens to a room, who is to be seen there) goes once, and gets lost with a link, or goes to
 * where nobody is when nodes see different others. Whenever that may have happened, what still holds is told again.
 * Invariant: every doubt is followed by a telling, not sooner than `RETELLING_MS` after it; doubts that come together share one.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { RETELLING_MS } from "../base/limits.ts";
import type { NodeId } from "../cluster/membership.ts";

type Tell = (isMeant: (owner: NodeId | undefined) => boolean) => void;
/** Whose actors may not have heard; `all`: anybody's. */
type Doubt = Set<NodeId> | "all";

export class Retelling {
  readonly #clock: Clock;
  readonly #tell: Tell;
  /** What the timer is for, and what came since it was set. */
  #doubt: Doubt | undefined;
  #laterDoubt: Doubt | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, tell: Tell) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `node`: only what was told there may be lost. */
  doubt(node?: NodeId): void {
    if (node === undefined) this.#laterDoubt = "all";
    else if (this.#laterDoubt === undefined) this.#laterDoubt = new Set([node]);
    else if (this.#laterDoubt !== "all") this.#laterDoubt.add(node);
    if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#doubt = this.#laterDoubt;
    this.#laterDoubt = undefined;
    this.#timer = this.#doubt && this.#clock.after(RETELLING_MS, () => this.#due());
  }

  #due(): void {
    const doubt = this.#doubt;
    this.#wait();
    if (doubt === "all") this.#tell(() => true);
    else if (doubt !== undefined) this.#tell((owner) => owner !== undefined && doubt.has(owner));
  }
}
