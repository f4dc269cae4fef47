/**
 * Which actors should live on this node, as the present view of the cluster says. It is a hint: the log decides.
 * Invariant: without a view, or without other nodes, everything is here.
 */
import { ACTIVATIONS_MAX } from "../base/limits.ts";
import type { NodeId } from "../cluster/membership.ts";
import { Placement, type View } from "../cluster/placement.ts";

/** Whether a fence with this name is the node's, whenever it was written. */
export function isFenceOf(node: string, name: string | undefined): boolean {
  return name === node || name?.startsWith(`${node}#`) === true;
}

export class Ownership {
  #placement: Placement | undefined;
  #unreachable: ReadonlySet<NodeId> = new Set();
  #isAlone = true;
  /** Counts the views after the first one. */
  #era = 0;
  /** Own rooms that others took while this node was isolated, by key. When there are too many, all are tried again. */
  readonly #givenUp = new Set<string>();

  setView(view: View): void {
    if (this.#placement !== undefined) this.#era += 1;
    this.#placement = new Placement(view);
    this.#unreachable = new Set(view.unreachable);
    this.#isAlone = view.nodes.every(({ id }) => id === view.self);
    if (!view.isolated) this.#givenUp.clear();
  }

  /**
   * What this node, or thread, calls itself in a fence of now. Whoever finds that name in the log knows that nobody can have
   * had the room since; a name of its own from before another view says only who it was.
   */
  fenceName(node: string): string {
    return this.#era === 0 ? node : `${node}#${this.#era}`;
  }

  /** Nobody else is seen. That is no proof that nobody is there. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** There may be other nodes, seen or not. */
  get isAmongOthers(): boolean {
    return this.#placement !== undefined;
  }

  get isIsolated(): boolean {
    return this.#placement?.view.isolated === true;
  }

  /** `hash`: of an address. */
  isOwn(hash: number): boolean {
    return this.#placement?.isOwn(hash) ?? true;
  }

  owner(hash: number): NodeId | undefined {
    return this.#placement?.owner(hash)?.id;
  }

  /** This node's, or a node's that cannot be reached: then it is served here as far as that goes. */
  isHere(hash: number): boolean {
    return this.isOwn(hash) || this.#isOutOfReach(hash);
  }

  /** The room's owner is somebody who cannot be asked: its log is read here, and not written. */
  follows(hash: number, key: string): boolean {
    return this.isOwn(hash) ? this.#givenUp.has(key) : this.#isOutOfReach(hash);
  }

  /** Somebody took the room. true: it is left to them until this node is among the others again. */
  giveUp(key: string): boolean {
    if (!this.isIsolated) return false;
    if (this.#givenUp.size >= ACTIVATIONS_MAX) this.#givenUp.clear();
    this.#givenUp.add(key);
    return true;
  }

  #isOutOfReach(hash: number): boolean {
    const owner = this.#placement?.owner(hash);
    return owner !== undefined && (this.isIsolated || this.#unreachable.has(owner.id));
  }
}
