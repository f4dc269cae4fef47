/**
 * How one person is called and shown, as their actor holds it, and how their connections come to know it.
 * Invariant: a connection is told before any room hears of it, so that nothing is written under a name that was given up.
 */
import type { UserId } from "../../base/ids.ts";
import {
  changeProfile,
  claimProfile,
  isSameProfile,
  overridingProfile,
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
  readonly #hasSource: boolean;
  /** Only of people whose tokens do not say alone how they are called and shown. */
  #state: ProfileState | undefined;
  /** When a profile service answered last (wall clock). */
  #sourcedAtMs: number | undefined;

  constructor(userId: UserId, hasSource: boolean) {
    this.ref = { userId };
    this.#hasSource = hasSource;
  }

  load({ name, avatar, own = NOTHING, sourced, claimed = NOTHING }: UserRow): void {
    this.ref = userRef(this.ref.userId, name, avatar);
    const isOver = sourced !== undefined && !this.#hasSource;
    if (sourced !== undefined && !isOver) this.#sourcedAtMs = sourced.atMs;
    if (own === NOTHING && sourced === undefined) return;
    const said = sourced === undefined || isOver ? NOTHING : profileOf(sourced.name, sourced.avatar);
    this.#become({ own, sourced: said, claimed });
  }

  forget(): void {
    this.ref = { userId: this.ref.userId };
    this.#state = undefined;
    this.#sourcedAtMs = undefined;
  }

  /** What goes before any token. */
  get overriding(): Profile {
    return this.#state === undefined ? NOTHING : overridingProfile(this.#state);
  }

  /** When a profile service said who they are; `undefined`: it never did. */
  get sourcedAtMs(): number | undefined {
    return this.#sourcedAtMs;
  }

  /** This part of the person's row. */
  get row(): Pick<UserRow, "userId" | "name" | "avatar" | "own" | "sourced" | "claimed"> {
    const { own = NOTHING, sourced = NOTHING, claimed } = this.#state ?? {};
    const atMs = this.#sourcedAtMs;
    return {
      ...this.ref,
      ...(!isSameProfile(own, NOTHING) && { own }),
      ...(atMs !== undefined && { sourced: { ...sourced, atMs } }),
      ...(claimed !== undefined && { claimed }),
    };
  }

  /** A connection says who its token says it is. true: the row, as it was written last, is another one now. */
  claim(connection: ShardConnection, row: UserRow | undefined): boolean {
    const isNew = this.claimBy(connection.principal, row);
    if (this.#state !== undefined) tellProfile(connection, shownProfile(this.#state));
    return isNew;
  }

  /** The same of a token that came without a connection. */
  claimBy({ name: saidName, avatar: saidAvatar }: Profile, row: UserRow | undefined): boolean {
    const said = profileOf(saidName, saidAvatar);
    if (this.#state !== undefined) this.#state = claimProfile(this.#state, said);
    const { name = this.ref.name, avatar = this.ref.avatar } =
      this.#state === undefined ? said : shownProfile(this.#state);
    const isKept = isSameProfile(this.#state?.claimed ?? NOTHING, row?.claimed ?? NOTHING);
    if (row !== undefined && isKept && name === row.name && avatar === row.avatar) return false;
    this.ref = userRef(this.ref.userId, name, avatar);
    return true;
  }

  change(change: ProfileChange): void {
    this.#become(changeProfile(this.#before, change));
  }

  /** A profile service said this. true: the person is shown otherwise now. */
  learn(sourced: Profile, atMs: number): boolean {
    const before = profileOf(this.ref.name, this.ref.avatar);
    this.#sourcedAtMs = atMs;
    this.#become({ ...this.#before, sourced });
    return !isSameProfile(before, this.ref);
  }

  get #before(): ProfileState {
    return this.#state ?? { own: NOTHING, sourced: NOTHING, claimed: profileOf(this.ref.name, this.ref.avatar) };
  }

  #become(state: ProfileState): void {
    const { name, avatar } = shownProfile(state);
    this.#state = isSameProfile(overridingProfile(state), NOTHING) ? undefined : state;
    this.ref = userRef(this.ref.userId, name, avatar);
  }

  /** After a change: what they say from now on they say under the new name. */
  tell(connections: readonly ShardConnection[]): void {
    const now = profileOf(this.ref.name, this.ref.avatar);
    for (const connection of connections) tellProfile(connection, now);
  }
}

function tellProfile(connection: ShardConnection, profile: Profile): void {
  if (isSameProfile(profile, connection.principal)) return;
  const { name: _name, avatar: _avatar, ...rest } = connection.principal;
  connection.principal = { ...rest, ...profile };
  connection.link.out.person(connection.no, profile);
}
