/**
 * How a person is called and shown: what they chose themselves, else what a profile service knows, else what their last token
 * said. Invariant: `shown` follows from the three alone.
 */

export interface Profile {
  readonly name?: string;
  readonly avatar?: string;
}

export interface ProfileState {
  /** What the person chose. */
  readonly own: Profile;
  /** What a profile service said (`profile-source.ts`); empty where there is none. */
  readonly sourced: Profile;
  /** What their last token said. */
  readonly claimed: Profile;
}

/** Absent: as it is. `null`: no choice any more. */
export interface ProfileChange {
  readonly name?: string | null;
  readonly avatar?: string | null;
}

/** As others see the person. */
export function shownProfile(state: ProfileState): Profile {
  const { name, avatar } = overridingProfile(state);
  return profileOf(name ?? state.claimed.name, avatar ?? state.claimed.avatar);
}

/** What goes before any token. */
export function overridingProfile({ own, sourced }: ProfileState): Profile {
  return profileOf(own.name ?? sourced.name, own.avatar ?? sourced.avatar);
}

export function changeProfile({ own, ...rest }: ProfileState, change: ProfileChange): ProfileState {
  const name = change.name === undefined ? own.name : (change.name ?? undefined);
  const avatar = change.avatar === undefined ? own.avatar : (change.avatar ?? undefined);
  return { ...rest, own: profileOf(name, avatar) };
}

/**
 * A connection says who it is. It may have been told before how the person is called: that is no claim of its token. What a
 * token does not say stays as an earlier one said it.
 */
export function claimProfile(state: ProfileState, said: Profile): ProfileState {
  const told = overridingProfile(state);
  const { claimed } = state;
  const name = said.name === undefined || said.name === told.name ? claimed.name : said.name;
  const avatar = said.avatar === undefined || said.avatar === told.avatar ? claimed.avatar : said.avatar;
  return { ...state, claimed: profileOf(name, avatar) };
}

export function profileOf(name: string | undefined, avatar: string | undefined): Profile {
  return { ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
}

export function isSameProfile(a: Profile, b: Profile): boolean {
  return a.name === b.name && a.avatar === b.avatar;
}
