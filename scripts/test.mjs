/**
 * `npm test`: everything that has to hold, in stages; `npm test unit e2e` runs only the named ones.
 * Invariant: the last line is `N passed, N failed`, and the exit code is 0 only when nothing failed, or what failed held when
 * its files were run once more: that is named as unsure at the end, and is a defect of the test or of Stoa.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, findBun, root } from "./bootstrap.mjs";

ensureInstalled();
const bun = findBun();
const tool = (...parts) => join(root, "node_modules", ...parts);
const folders = (...names) => names.map((name) => `test/${name}`).filter((path) => existsSync(join(root, path)));

/** Files at a time, each in a process of its own: a file waits for half of its time, for servers above all. */
const SIDE_BY_SIDE = "--parallel=2";

/**
 * In order: cheap before dear. One runs at the same time as the one that `beside` names: both only compute, on one core each,
 * and neither looks at a clock. `count` reads a stage's own figures from its output; without one the stage counts as one.
 */
const STAGES = [
  {
    name: "lint",
    command: process.execPath,
    args: [tool("@biomejs", "biome", "bin", "biome"), "check", "."],
    minutesMax: 2,
  },
  { name: "types", command: process.execPath, args: [tool("typescript", "bin", "tsc"), "--noEmit"], minutesMax: 3 },
  {
    name: "types-web",
    command: process.execPath,
    args: [tool("typescript", "bin", "tsc"), "--noEmit", "-p", "src/web"],
    minutesMax: 3,
  },
  {
    name: "unit",
    command: bun,
    args: [
      "test",
      SIDE_BY_SIDE,
      "--no-isolate",
      "--only-failures",
      "--timeout=20000",
      ...folders("unit", "conformance", "integration"),
    ],
    minutesMax: 20,
    count: bunTestCounts,
    again: true,
  },
  {
    name: "sim",
    command: bun,
    args: ["test/sim/run.ts", "--seeds", "1000", "--cluster-seeds", "300"],
    needs: "test/sim/run.ts",
    minutesMax: 15,
    count: wordCounts,
  },
  {
    name: "model",
    command: process.execPath,
    args: ["scripts/model.mjs", "--optional"],
    needs: "docs/model",
    beside: "sim",
    minutesMax: 15,
    count: wordCounts,
  },
  {
    name: "e2e",
    command: bun,
    args: ["test", SIDE_BY_SIDE, "--only-failures", "--timeout=60000", ...folders("e2e")],
    needs: "test/e2e",
    minutesMax: 35,
    count: bunTestCounts,
    again: true,
  },
  {
    name: "chaos",
    command: bun,
    args: ["test/chaos/cluster.ts", "--brief", "--seed", "7"],
    minutesMax: 8,
    count: wordCounts,
  },
];

/** Bun ends with lines ` 24 pass` and ` 0 fail`; an error outside of any test has a line of its own. */
function bunTestCounts(output) {
  const of = (word) => Number(output.match(new RegExp(`^ *(\\d+) ${word}s?$`, "m"))?.[1] ?? 0);
  return { passed: of("pass"), failed: of("fail") + of("error") };
}

/** More than this many files at once do not fail by chance. */
const AGAIN_FILES_MAX = 3;

/** The tests that failed, and the files they are in, from what `bun test` printed: a file's name, then what is wrong in it. */
function bunTestFailures(output) {
  const tests = [];
  const files = new Set();
  let file;
  for (const line of output.split("\n")) {
    file = line.match(/^(test\/\S+\.tsx?):$/)?.[1] ?? file;
    if (!line.startsWith("(fail) ") || file === undefined) continue;
    files.add(file);
    tests.push(`${file}: ${line.slice("(fail) ".length)}`);
  }
  return { tests, files: [...files] };
}

/** The last `N passed` and `N failed` of the output. */
function wordCounts(output) {
  const last = (word) => Number([...output.matchAll(new RegExp(`(\\d+) ${word}`, "g"))].at(-1)?.[1] ?? 0);
  return { passed: last("passed"), failed: last("failed") };
}

/** Runs one stage; `show` is given its output as it comes. A stage that hangs is ended and has failed. */
function run(stage, show) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(stage.command, stage.args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const deadline = setTimeout(() => {
      show(`\n${stage.name}: not done after ${stage.minutesMax} minutes, ended\n`);
      child.kill("SIGKILL");
    }, stage.minutesMax * 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
        show(text);
      });
    }
    child.on("error", (error) => show(`${stage.name}: ${error.message}\n`));
    child.on("close", (code) => {
      clearTimeout(deadline);
      const counted = stage.count?.(output) ?? { passed: 0, failed: 0 };
      if (code !== 0 && counted.failed === 0) counted.failed = 1;
      if (code === 0 && stage.count === undefined) counted.passed = 1;
      resolve({ ...counted, output });
    });
  });
}

const unsure = [];

/** A stage of `bun test` in which few files failed is given a second chance with these alone, one by one; what they then say counts. */
async function runTwiceAtMost(stage, show) {
  const { passed, failed, output } = await run(stage, show);
  if (!stage.again || failed === 0) return { passed, failed };
  const { tests, files } = bunTestFailures(output);
  if (tests.length !== failed || files.length > AGAIN_FILES_MAX) return { passed, failed };
  show(`\n── ${stage.name}, once more: ${files.join(" ")}\n`);
  const options = stage.args.filter((argument) => argument !== SIDE_BY_SIDE && !argument.startsWith("test/"));
  const again = await run({ ...stage, args: [...options, ...files] }, show);
  if (again.failed > 0) return { passed: passed + Math.max(0, failed - again.failed), failed: again.failed };
  unsure.push(...tests);
  return { passed: passed + failed, failed: 0 };
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const unknown = wanted.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown stage ${unknown.join(", ")}; there are ${STAGES.map((stage) => stage.name).join(", ")}\n`,
  );
  process.exit(2);
}

/** With its name before and its figures after what it prints. Beside another one it is shown when it is done. */
async function runAndShow(stage, isAlone) {
  let kept = `\n── ${stage.name}\n`;
  const show = (text) => {
    if (isAlone) process.stdout.write(text);
    else kept += text;
  };
  if (isAlone) process.stdout.write(kept);
  const startMs = Date.now();
  const { passed, failed } = await runTwiceAtMost(stage, show);
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  show(`── ${stage.name}: ${passed} passed, ${failed} failed, ${seconds} s\n`);
  if (!isAlone) process.stdout.write(kept);
  return { passed, failed };
}

const groups = [];
for (const stage of STAGES) {
  if (wanted.length > 0 && !wanted.includes(stage.name)) continue;
  if (stage.needs && !existsSync(join(root, stage.needs))) continue;
  const beside = groups.find((group) => group.some(({ name }) => name === stage.beside));
  if (beside === undefined) groups.push([stage]);
  else beside.push(stage);
}

const total = { passed: 0, failed: 0 };
for (const group of groups) {
  for (const { passed, failed } of await Promise.all(group.map((stage) => runAndShow(stage, group.length === 1)))) {
    total.passed += passed;
    total.failed += failed;
  }
}
if (unsure.length > 0) {
  process.stdout.write(
    `\nUNSURE, failed and then held; find out why:\n${unsure.map((test) => `  ${test}\n`).join("")}`,
  );
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
