/**
 * `npm run executable [file]`: one file with the server, its commands, its threads and Bun itself. It needs nothing installed on
 * the machine where it runs; for another kind of machine: `--target bun-linux-arm64`.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pagesFile } from "./build-pages.ts";
import project from "../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMMAND = /^node scripts\/bun\.mjs src\/cli\/(\w+)\.ts$/;
/** Whatever `npm run` has of them. */
const commands = Object.values(project.scripts).flatMap((line) => COMMAND.exec(line)?.[1] ?? []);
/** All in one folder inside the file: who starts a thread names it as a neighbour. */
const ENTRIES = [
  "src/executable.ts",
  "src/main.ts",
  "src/worker.ts",
  "src/node/follow-thread.ts",
  "src/storage/sqlite/writer-thread.ts",
  "src/storage/sqlite/copy-thread.ts",
  "src/ai/provider-thread.ts",
  // The web pages, as a module that `open-pages.ts` finds beside itself.
  "dist/web/embedded-pages.ts",
  ...commands.map((name) => `src/cli/${name}.ts`),
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { target: { type: "string" } } });
const outfile = resolve(positionals[0] ?? `${ROOT}dist/stoa`);
mkdirSync(dirname(outfile), { recursive: true });
const pages = readFileSync(await pagesFile(), "utf8");
writeFileSync(`${ROOT}dist/web/embedded-pages.ts`, `export const PAGES_TEXT = ${JSON.stringify(pages)};\n`);
const target = values.target === undefined ? [] : ["--target", values.target];
const child = Bun.spawnSync(
  // Compiled beforehand it starts in two thirds of the time; a third of the file is that.
  [process.execPath, "build", "--compile", "--bytecode", "--format", "esm", "--minify-syntax"]
    .concat(["--entry-naming", "[name].[ext]", ...target])
    .concat(["--define", `STOA_COMMANDS=${JSON.stringify(commands)}`])
    .concat(["--outfile", outfile])
    .concat(ENTRIES),
  { cwd: ROOT, stdout: "ignore", stderr: "pipe" },
);
if (child.exitCode !== 0) {
  process.stderr.write(child.stderr.toString());
  process.exit(1);
}
process.stdout.write(`${outfile} (${Math.round(statSync(outfile).size / 1024 / 1024)} MiB)\n`);
