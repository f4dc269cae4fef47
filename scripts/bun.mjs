/**
 * `node scripts/bun.mjs FILE …` = `bun FILE …` on a machine that has only Node and npm.
 * Invariant: to the caller this process looks like the Bun process: same streams, signals and exit code.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { ensureInstalled, findBun, root } from "./bootstrap.mjs";

const PARENT_WATCH_MS = 250;

// Seen before the program runs: what it says may already end npm.
const parent = process.ppid;
const npm = parentOfShell(parent);
ensureInstalled();
// What Bun reads once, before anything of ours runs (docs/adr/0051). Whoever sets a variable knows better.
const runtime = JSON.parse(readFileSync(new URL("runtime.json", import.meta.url), "utf8"));
const env = { ...runtime, ...process.env };
const child = spawn(findBun(), process.argv.slice(2), { cwd: root, stdio: "inherit", env });

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // A terminal gives Ctrl-C to every process of the foreground group: passing it on would make it two.
    if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
  });
}
// npm gives SIGTERM to the shell between it and this process, and that shell dies without passing it on. Of what ends npm alone
// (SIGHUP, SIGKILL) the shell hears nothing: then it has another parent.
if (process.env.npm_lifecycle_event) {
  const watch = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOfShell(parent) === npm)) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, PARENT_WATCH_MS);
}

/** `undefined` where there is no shell in between, or no /proc to see it in. */
function parentOfShell(pid) {
  try {
    const isShell = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[1] === "-c";
    return isShell ? /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] : undefined;
  } catch {
    return undefined;
  }
}

child.on("error", (error) => {
  process.stderr.write(`stoa: Bun did not start: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1));
});
