/** What an erasure leaves, and why: sentences of its report. */

export interface Remaining {
  readonly what: string;
  readonly why: string;
}

/** Said in every report: what no erasure reaches, and why. */
export const ALWAYS: readonly Remaining[] = [
  {
    what: "the user id",
    why: "it names the author of what was counted, and who did what to whom; sequences stay valid",
  },
  { what: "reactions, votes and read counts", why: "they are numbers; who gave them is the user id alone" },
  { what: "names, descriptions and rules of rooms", why: "they belong to the room" },
  { what: "other people's own words", why: "beyond what a reply quotes line by line, nobody can tell whose they were" },
  { what: "hashes of idempotency keys", why: "of the last 65,536 events of a room; they tell repetitions apart" },
  {
    what: "backups, exported rooms, notifications that were sent, and logs of other systems",
    why: "they are not reachable from here",
  },
];
export const HELD: Remaining = { what: "everything", why: "legal hold" };
export const FREE_PAGES: Remaining = {
  what: "free pages of the database file",
  why: "the file is too large to be made anew while the server runs: stop it and run VACUUM",
};
