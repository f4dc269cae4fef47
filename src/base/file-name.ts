/** What a file may be called, wherever somebody saves it. Pure. */

/** Control characters, and those that turn the direction of the letters around them: `exe.gnp` would be read for what it is not. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const NAMELESS = "file";

/** The last part of a path as a name in one line; `file` where nothing is left that names anything. */
export function plainFileName(name: string): string {
  const last = name.toWellFormed().split(/[\\/]/).at(-1) ?? "";
  const seen = last.replace(UNSEEN, "_").trim();
  return /^\.*$/.test(seen) ? NAMELESS : seen;
}
