/** How commands that work on the store begin and end: all complaints at once, one sentence at the end, and the exit code. */
import type { Result } from "../base/result.ts";
import { type Config, readConfig } from "../config/config.ts";
import { tellsUsage } from "./arguments.ts";
import { folderAdvice } from "./folder-advice.ts";

/** What SQLite says of a file without naming it. */
const UNREADABLE = /^(?:file is not a database|database disk image is malformed)/;

export interface StoreCommand<Arguments> {
  readonly usage: string;
  read(args: readonly string[]): Result<Arguments, readonly string[]>;
  /** The sentence to end with, good or bad. */
  run(config: Config, args: Arguments): Promise<Result<string, string>>;
  /** What to say behind the words of an exception, when there is something. */
  advice(args: Arguments): string;
}

/** The exit code: 0 when it is done, 1 when it is not, 2 when it was asked wrongly. */
export async function runStoreCommand<Arguments>({
  usage,
  read,
  run,
  advice,
}: StoreCommand<Arguments>): Promise<number> {
  if (tellsUsage(usage)) return 0;
  const args = read(process.argv.slice(2));
  const config = readConfig();
  if (!args.ok || !config.ok) {
    const complaints = [...(args.ok ? [] : [...args.error, usage]), ...(config.ok ? [] : config.error)];
    process.stderr.write(`${complaints.join("\n")}\n`);
    return 2;
  }
  try {
    const done = await run(config.value, args.value);
    const output = done.ok ? process.stdout : process.stderr;
    output.write(`${done.ok ? done.value : done.error}\n`);
    return done.ok ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const where = UNREADABLE.test(message) ? ` Is it that of ${config.value.dataDir}? npm run doctor looks at it.` : "";
    const rights = where === "" ? folderAdvice(message) : undefined;
    const what = rights === undefined ? where : ` ${config.value.dataDir}: ${rights}.`;
    process.stderr.write(`${message}.${what}${advice(args.value)}\n`);
    return 1;
  }
}
