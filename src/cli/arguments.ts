/** What commands that name a room are asked for, with all complaints at once. */
import { parseArgs } from "node:util";
import { parseId, type RoomId, type TenantId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";

/** The same as for a token that names none. */
const TENANT_DEFAULT = "default" as TenantId;
const ID_RULE = "1 to 128 letters, digits and _ . : @ | + = , ~ $ ! * -";

/** `flags` have no value. What is unknown is refused. */
export function readNamed(
  args: readonly string[],
  names: readonly string[],
  flags: readonly string[] = [],
): Result<ReadonlyMap<string, string>, readonly string[]> {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: "string" as const }]),
    ...flags.map((name) => [name, { type: "boolean" as const }]),
  ]);
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return ok(new Map(Object.entries(values).map(([name, value]) => [name, String(value)])));
  } catch (error) {
    return err([error instanceof Error ? error.message : String(error)]);
  }
}

/** Prints how a command is used when `--help` was asked for: then it is done. */
export function tellsUsage(usage: string, args: readonly string[] = process.argv.slice(2)): boolean {
  if (!args.includes("--help")) return false;
  process.stdout.write(`${usage}\n`);
  return true;
}

/** For a command that takes no arguments: the exit code when it is not to run, after saying why. */
export function takesNothing(usage: string): number | undefined {
  if (tellsUsage(usage)) return 0;
  const named = readNamed(process.argv.slice(2), []);
  if (named.ok) return undefined;
  process.stderr.write(`${[...named.error, usage].join("\n")}\n`);
  return 2;
}

export class Complaints {
  readonly all: string[] = [];

  add(name: string, got: string | undefined, accepted: string): void {
    this.all.push(`--${name}: got ${got === undefined ? "nothing" : JSON.stringify(got)}; accepted: ${accepted}`);
  }

  /** `undefined`, and a complaint unless it may be left out. */
  room(given: ReadonlyMap<string, string>, isOptional = false): RoomId | undefined {
    const text = given.get("room");
    const room = parseId<RoomId>(text);
    if (room === undefined && !(isOptional && text === undefined)) this.add("room", text, ID_RULE);
    return room;
  }

  tenant(given: ReadonlyMap<string, string>): TenantId {
    const text = given.get("tenant");
    const tenant = text === undefined ? TENANT_DEFAULT : parseId<TenantId>(text);
    if (tenant === undefined) this.add("tenant", text, ID_RULE);
    return tenant ?? TENANT_DEFAULT;
  }
}
