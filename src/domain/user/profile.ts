/**
 * How a person is called and shown: what they chose themselves, else what their last token said.
 * Invariant: `shown` follows from `own` and `claimed` alone.
 */

export interface Profile {
  readonly name?: string;
  readonly avatar?: string;
}

export interface ProfileState {
  /** What the person chose. */
  readonly own: Profile;
  /** What their last token said. */
  readonly claimed: Profile;
}

/** Absent: as it is. `null`: no choice any more. */
export interface ProfileChange {
  readonly name?: string | null;
  readonly avatar?: string | null;
}

/** As others see the person. */
export function shownProfile({ own, claimed }: ProfileState): Profile {
  return profileOf(own.name ?? claimed.name, own.avatar ?? claimed.avatar);
}

export function changeProfile({ own, claimed }: ProfileState, change: ProfileChange): ProfileState {
  const name = change.name === undefined ? own.name : (change.name ?? undefined);
  const avatar = change.avatar === undefined ? own.avatar : (change.avatar ?? undefined);
  return { own: profileOf(name, avatar), claimed };
}

/**
 * A connection says who it is. It may have been told before what the person chose: that is no claim of its token. What a
 * token does not say stays as an earlier one said it.
 */
export function claimProfile({ own, claimed }: ProfileState, said: Profile): ProfileState {
  const name = said.name === undefined || said.name === own.name ? claimed.name : said.name;
  const avatar = said.avatar === undefined || said.avatar === own.avatar ? claimed.avatar : said.avatar;
  return { own, claimed: profileOf(name, avatar) };
}

export function profileOf(name: string | undefined, avatar: string | undefined): Profile {
  return { ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
}

export function isSameProfile(a: Profile, b: Profile): boolean {
  return a.name === b.name && a.avatar === b.avatar;
}
