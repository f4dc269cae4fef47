/** Who is called what, as far as frames have said it: for lists that name people by their ids only. */
import type { UserId } from "../base/ids.ts";
import type { UserRef } from "../protocol/frames.ts";

/** People whose names are kept. Who was named longest ago goes first. */
const PEOPLE_MAX = 5_000;

export class People {
  readonly #known = new Map<UserId, UserRef>();

  learn(user: UserRef): void {
    const known = this.#known.get(user.userId);
    this.#known.delete(user.userId);
    this.#known.set(user.userId, { ...known, ...user });
    const [oldest] = this.#known.keys();
    if (this.#known.size > PEOPLE_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  of(userId: UserId): UserRef {
    return this.#known.get(userId) ?? { userId };
  }
}
