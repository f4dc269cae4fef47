/** What an operator can do about the words of the system, or of SQLite, on a data folder. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|EDQUOT|disk is full/, "make room on its disk"],
  [/EROFS/, "it is mounted so that nothing can be written: name another folder with STOA_DATA_DIR"],
  [
    /EACCES|EPERM|readonly database|unable to open database/,
    "let the user who runs this own it and all that is in it (chown -R), or name another folder with STOA_DATA_DIR",
  ],
  [
    /not a database|disk image is malformed/,
    "restore it from a backup (docs/OPERATIONS.md), or move it away to begin anew",
  ],
];

/** `undefined`: there is nothing that would help with just this. */
export function folderAdvice(said: string): string | undefined {
  return ADVICE.find(([words]) => words.test(said))?.[1];
}
