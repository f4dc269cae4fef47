/**
 * Makes a clean clone ready with nothing but Node and npm: installs the packages and finds the Bun binary among them.
 * Invariant: needs no package itself, and works also where npm runs no install scripts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, "package-lock.json");
/** npm's own record of what it installed: its age is the age of the installation. */
const installedFile = join(root, "node_modules", ".package-lock.json");
/** Smaller than any Bun, larger than the script that stands in its place when install scripts did not run. */
const BINARY_BYTES_MIN = 1_000_000;

/** Installs the packages when there are none, or when the lock file is newer than they are. */
export function ensureInstalled() {
  const missing = !existsSync(installedFile);
  if (!missing && statSync(installedFile).mtimeMs >= statSync(lockFile).mtimeMs) return;
  process.stderr.write(missing ? "stoa: installing packages (once) …\n" : "stoa: bringing packages up to date …\n");
  // `install` rather than `ci`: it keeps to the lock file too, but also runs where a package for another platform is
  // missing from it, and does not delete what other processes are using. No install script is needed by anything here.
  const args = [
    "install",
    "--no-save",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--no-update-notifier",
  ];
  const npmScript = process.env.npm_execpath;
  const result =
    npmScript?.endsWith("npm-cli.js") && !process.versions.bun
      ? spawnSync(process.execPath, [npmScript, ...args], { cwd: root, stdio: ["ignore", "ignore", "inherit"] })
      : spawnSync("npm", args, {
          cwd: root,
          stdio: ["ignore", "ignore", "inherit"],
          shell: process.platform === "win32",
        });
  if (result.status !== 0 || !existsSync(installedFile)) {
    const why = result.error ? `: ${result.error.message}` : "";
    process.stderr.write(`stoa: npm could not install the packages${why}\n`);
    process.exit(1);
  }
  const now = new Date();
  utimesSync(installedFile, now, now);
}

/** Path of the Bun binary; ends the process with a message when there is none. */
export function findBun() {
  if (process.versions.bun) return process.execPath;
  const linked = join(root, "node_modules", "bun", "bin", "bun.exe");
  if (isBinary(linked)) return linked;
  const scope = join(root, "node_modules", "@oven");
  const candidates = (existsSync(scope) ? readdirSync(scope).sort() : [])
    .flatMap((name) => ["bun", "bun.exe"].map((file) => join(scope, name, "bin", file)))
    .filter(isBinary);
  // Several may lie there (glibc and musl): the right one is the one that runs.
  const runs = (path) => spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0;
  const found = candidates.length === 1 ? candidates[0] : candidates.find(runs);
  if (found) return found;
  process.stderr.write(`stoa: there is no Bun for ${process.platform} ${process.arch} among the installed packages\n`);
  process.exit(1);
}

function isBinary(path) {
  return existsSync(path) && statSync(path).size >= BINARY_BYTES_MIN;
}
