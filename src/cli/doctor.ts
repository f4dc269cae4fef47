/**
 * `bun run doctor`: looks at the configuration and at all that it names, and says what to do. Run it where the server runs, as the
 * same user with the same environment; before the first start, and when something is wrong. It changes nothing.
 * Exit code: 0 when the server can start, 1 when it can't or would not work, 2 when the configuration can't be read.
 */
import { readConfig } from "../config/config.ts";
import { takesNothing } from "./arguments.ts";
import { bad, type Finding, type State } from "./doctor/finding.ts";
import { examineMachine } from "./doctor/machine.ts";
import { examineServices } from "./doctor/services.ts";
import { examineSettings } from "./doctor/settings.ts";

const USAGE = "usage: bun run doctor, with the environment of the server";
const MARK: Readonly<Record<State, string>> = { ok: "ok     ", warning: "look   ", failure: "FAILED " };

function lineOf({ state, about, seen, remedy }: Finding): string {
  return `${MARK[state]} ${about}: ${seen}${remedy === undefined ? "" : `\n         → ${remedy}`}\n`;
}

async function main(): Promise<number> {
  const code = takesNothing(USAGE);
  if (code !== undefined) return code;
  const config = readConfig();
  if (!config.ok) {
    for (const complaint of config.error) {
      const [about = "", ...seen] = complaint.split(": ");
      process.stdout.write(
        lineOf(bad(about, seen.join(": "), "mend it: docs/OPERATIONS.md lists what each variable takes")),
      );
    }
    return 2;
  }
  const parts = await Promise.all([examineMachine(config.value), examineServices(config.value)]);
  const findings = [...examineSettings(config.value), ...parts.flat(2)];
  for (const finding of findings) process.stdout.write(lineOf(finding));
  const failures = findings.filter(({ state }) => state === "failure").length;
  const warnings = findings.filter(({ state }) => state === "warning").length;
  process.stdout.write(
    failures > 0
      ? `\n${failures} failed: the server would not work.\n`
      : `\nThe server can start. ${warnings} to look at.\n`,
  );
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) process.exit(await main());
