/**
 * How one person is called and shown, as their actor holds it, and how their connections come to know it.
 * Invariant: a connection is told before any room hears of it, so that nothing is written under a name that was given up.
 */
import type { UserId } from "../../base/ids.ts";
import {
  changeProfile,
  claimProfile,
  isSameProfile,
  type Profile,
  type ProfileChange,
  profileOf,
  type ProfileState,
  shownProfile,
} from "../../domain/user/profile.ts";
import type { UserRef } from "../../protocol/frames.ts";
import type { UserRow } from "../../storage/projections.ts";
import type { ShardConnection } from "../connections.ts";
import { userRef } from "../views.ts";

const NOTHING: Profile = {};

export class UserProfile {
  /** As others see the person. */
  ref: UserRef;
  /** Only of people who chose to be called or shown otherwise than their tokens say. */
  #choice: ProfileState | undefined;

  constructor(userId: UserId) {
    this.ref = { userId };
  }

  load({ name, avatar, own, claimed }: UserRow): void {
    this.ref = userRef(this.ref.userId, name, avatar);
    if (own !== undefined) this.#choice = { own, claimed: claimed ?? NOTHING };
  }

  forget(): void {
    this.ref = { userId: this.ref.userId };
    this.#choice = undefined;
  }

  /** What the person chose. */
  get own(): Profile {
    return this.#choice?.own ?? NOTHING;
  }

  /** This part of the person's row. */
  get row(): Pick<UserRow, "userId" | "name" | "avatar" | "own" | "claimed"> {
    return { ...this.ref, ...this.#choice };
  }

  /** A connection says who its token says it is. true: the row, as it was written last, is another one now. */
  claim(connection: ShardConnection, row: UserRow | undefined): boolean {
    const said: Profile = connection.info.principal;
    if (this.#choice !== undefined) {
      this.#choice = claimProfile(this.#choice, said);
      tellProfile(connection, shownProfile(this.#choice));
    }
    const { name = this.ref.name, avatar = this.ref.avatar } =
      this.#choice === undefined ? said : shownProfile(this.#choice);
    const isKept = isSameProfile(this.#choice?.claimed ?? NOTHING, row?.claimed ?? NOTHING);
    if (row !== undefined && isKept && name === row.name && avatar === row.avatar) return false;
    this.ref = userRef(this.ref.userId, name, avatar);
    return true;
  }

  change(change: ProfileChange): void {
    const before = this.#choice ?? { own: NOTHING, claimed: profileOf(this.ref.name, this.ref.avatar) };
    const choice = changeProfile(before, change);
    const { name, avatar } = shownProfile(choice);
    this.#choice = isSameProfile(choice.own, NOTHING) ? undefined : choice;
    this.ref = userRef(this.ref.userId, name, avatar);
  }

  /** After a change: what they say from now on they say under the new name. */
  tell(connections: readonly ShardConnection[]): void {
    const now = profileOf(this.ref.name, this.ref.avatar);
    for (const connection of connections) tellProfile(connection, now);
  }
}

function tellProfile(connection: ShardConnection, profile: Profile): void {
  const { info } = connection;
  if (isSameProfile(profile, info.principal)) return;
  const { name: _name, avatar: _avatar, ...rest } = info.principal;
  connection.info = { ...info, principal: { ...rest, ...profile } };
  connection.link.out.person(connection.no, profile);
}
