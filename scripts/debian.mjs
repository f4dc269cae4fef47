/**
 * Programs that tests need and npm does not have. As root they are installed from Debian; otherwise whoever runs the tests
 * is told what to install.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a program is asked whether it runs, and the Debian packages that bring it. */
const PROGRAMS = {
  "redis-server": { args: ["--version"], packages: ["redis-server"] },
  java: { args: ["-version"], packages: ["default-jre-headless"] },
  spin: { args: ["-V"], packages: ["spin"] },
  cc: { args: ["--version"], packages: ["gcc", "libc6-dev"] },
  // Debian's own: another one on the path has other packages.
  "/usr/bin/python3": {
    args: ["-c", "import msgpack, websockets"],
    packages: ["python3", "python3-msgpack", "python3-websockets"],
  },
  git: { args: ["--version"], packages: ["git"] },
  curl: { args: ["--version"], packages: ["curl"] },
  sqlite3: { args: ["--version"], packages: ["sqlite3"] },
  haproxy: { args: ["-v"], packages: ["haproxy"] },
  chromium: { args: ["--version"], packages: ["chromium"] },
};
const INSTALL_MS_MAX = 240_000;

function runs(program) {
  return spawnSync(program, PROGRAMS[program].args, { stdio: "ignore" }).status === 0;
}

function packagesOf(programs) {
  return programs.flatMap((program) => PROGRAMS[program].packages);
}

/**
 * @param {readonly string[]} programs
 * @returns {string | undefined} what is still missing and how to get it; `undefined`: all of it runs
 */
export function ensurePrograms(programs) {
  let missing = programs.filter((program) => !runs(program));
  if (missing.length > 0 && process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    process.stderr.write(`installing ${packagesOf(missing).join(", ")} …\n`);
    // A service that a package brings is not to be started: tests start their own. It is only asked not to, where it asks.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    const install = () =>
      spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packagesOf(missing)], {
        stdio: ["ignore", "ignore", "inherit"],
        env,
        timeout: INSTALL_MS_MAX,
      }).status === 0;
    if (!install()) {
      spawnSync("apt-get", ["update", "-q"], { stdio: "ignore", env, timeout: INSTALL_MS_MAX });
      install();
    }
    missing = missing.filter((program) => !runs(program));
  }
  if (missing.length === 0) return undefined;
  return `${missing.join(" and ")} missing. On Debian or Ubuntu: apt-get install ${packagesOf(missing).join(" ")}`;
}

/** `node scripts/debian.mjs redis-server java`: for those that cannot import this. Prints what is missing. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(ensurePrograms(process.argv.slice(2)) ?? "");
}
