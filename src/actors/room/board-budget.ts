/**
 * The counts of readers that the rooms of one shard keep, together within a bound: the one not used for longest gives way.
 * Invariant: what is kept is within the bound, save one that is larger by itself; whoever gave way makes its count again.
 */

/** Keeps a count, and can do without. */
export interface BoardKeeper {
  forgetBoard(): void;
}

export class BoardBudget {
  readonly #membersMax: number;
  /** The one used last comes last. */
  readonly #kept = new Map<BoardKeeper, number>();
  #members = 0;

  constructor(membersMax: number) {
    this.#membersMax = membersMax;
  }

  get members(): number {
    return this.#members;
  }

  /** The keeper's count was used, and is of so many members. */
  used(keeper: BoardKeeper, members: number): void {
    this.gone(keeper);
    this.#kept.set(keeper, members);
    this.#members += members;
    for (const oldest of this.#kept.keys()) {
      if (this.#members <= this.#membersMax || oldest === keeper) return;
      this.gone(oldest);
      oldest.forgetBoard();
    }
  }

  gone(keeper: BoardKeeper): void {
    this.#members -= this.#kept.get(keeper) ?? 0;
    this.#kept.delete(keeper);
  }
}
