/** `scripts/bun.mjs` under npm: what ends npm ends what it runs, in good order. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const PROGRAM = `process.on("SIGTERM", () => { console.log("stopped"); process.exit(0); });
setInterval(() => undefined, 1_000);
console.log("up");`;
/** As npm does: a shell in between, which does more than become the command. */
const STARTER = `Bun.spawn(["sh", "-c", process.argv[1] + "; true"], { stdout: "inherit", stderr: "inherit" });
setInterval(() => undefined, 1_000);`;

test.each(["SIGHUP", "SIGKILL"] as const)(
  "%s of npm alone stops the program by SIGTERM",
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "stoa-wrapper-"));
    const file = join(folder, "program.ts");
    writeFileSync(file, PROGRAM);
    const npm = Bun.spawn([process.execPath, "-e", STARTER, `node scripts/bun.mjs ${file}`], {
      cwd: root,
      env: { PATH: process.env["PATH"], npm_lifecycle_event: "start" },
      stdout: "pipe",
      stderr: "inherit",
    });
    const said: string[] = [];
    const decoder = new TextDecoder();
    // The stream is over when the last of them has ended.
    for await (const chunk of npm.stdout) {
      said.push(decoder.decode(chunk));
      if (said.join("") === "up\n") npm.kill(signal);
    }
    expect(said.join("")).toBe("up\nstopped\n");
    rmSync(folder, { recursive: true });
  },
  30_000,
);
