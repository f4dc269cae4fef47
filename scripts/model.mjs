/**
 * `npm run model`: checks the model of the log protocol in docs/model with spin, exhaustively within its bounds.
 * Invariant: the right protocol keeps every promise, and each variant without one of its precautions breaks the expected one.
 * The last line is `N passed, N failed`. `--trace NAME` shows how a variant fails; `--large` adds searches of minutes;
 * `--optional` makes a machine without spin or a C compiler a skip, unless CI is set.
 */
import { ensurePrograms } from "./debian.mjs";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

const MODEL = join(root, "docs", "model", "room-log.pml");
const SEARCH_MS_MAX = 300_000;
const SEARCH_MIB_MAX = 1_000;
const LARGE_MIB_MAX = 2_500;
const DEPTH_MAX = 10_000;

/** The right protocol. Together with the variants this has to stay below 90 s on one core. */
const RIGHT = [
  { name: "late puts, a crash or an exception, a listener", defines: { FULLS: 0 } },
  { name: "two who listen, one message", defines: { FULLS: 0, SUBSCRIBES: 2, TRIES_0: 3, TRIES_1: 0 } },
  { name: "a store that is full, a listener", defines: { CRASHES: 0 } },
  {
    name: "a store that is full, a crash, a put or an answer that is lost",
    defines: { SUBSCRIBES: 0, LOSSES: 1, TRIES_1: 1 },
  },
  { name: "without a fence all but G5 holds", defines: { FULLS: 0, NO_FENCE: "", WITHOUT_G5: "" } },
  {
    name: "nobody waits for ever",
    defines: { SUBSCRIBES: 0, LOSSES: 1, TRIES_1: 1, LIVENESS: "" },
  },
];

const LARGE = [
  { name: "large: two who listen", defines: { FULLS: 0, SUBSCRIBES: 2, TRIES_1: 1 } },
  { name: "large: all at once", defines: {} },
  { name: "large: two crashes, five activations", defines: { FULLS: 0, CRASHES: 2, ACTIVATIONS: 5, TRIES_1: 1 } },
];

/** One precaution less each, and how the text of the promise begins that this breaks. */
const VARIANTS = [
  { name: "NO_CONDITION", breaks: "G5 one writer" },
  { name: "NO_CONDITION", also: "WITHOUT_G5", breaks: "G2 durable before ack" },
  { name: "ACK_BEFORE_COMMIT", breaks: "G2 durable before ack" },
  { name: "DUPLICATE_ANSWERED_EARLY", breaks: "G2 durable before ack" },
  { name: "WINDOW_NOT_RELOADED", breaks: "G3 no duplicate" },
  { name: "PIPELINED", breaks: "G1 contiguous" },
  { name: "REJECT_WHILE_UNKNOWN", breaks: "a rejection is final" },
  { name: "FULL_FORGETS_EARLIER_PUT", breaks: "a rejection is final" },
  { name: "NO_FENCE", breaks: "G5 one writer" },
  { name: "FENCE_ONLY_AFTER_OTHERS", breaks: "G5 one writer" },
  { name: "WAITS_FOR_EVER", breaks: "every request is answered", defines: { LOSSES: 1 } },
];

const options = process.argv.slice(2);
const traced = options.includes("--trace") ? options[options.indexOf("--trace") + 1] : undefined;

function ensureTools() {
  const missing = ensurePrograms(["spin", "cc"]);
  if (missing === undefined) return;
  process.stdout.write(`The model cannot be checked: ${missing}\n`);
  const isSkip = options.includes("--optional") && !process.env.CI;
  process.stdout.write(isSkip ? "SKIPPED: the model was not checked\n0 passed, 0 failed\n" : "0 passed, 1 failed\n");
  process.exit(isSkip ? 0 : 1);
}

function must(folder, command, args, env) {
  const done = spawnSync(command, args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } });
  if (done.status === 0) return;
  throw new Error(`${command} ${args.join(" ")}\n${done.stdout ?? ""}${done.stderr ?? ""}${done.error ?? ""}`);
}

/** Searches all states, or, for a variant, breadth first up to the nearest one that breaks a promise. */
function search({ defines, isVariant, mibMax }) {
  const folder = mkdtempSync(join(tmpdir(), "stoa-model-"));
  try {
    copyFileSync(MODEL, join(folder, "room-log.pml"));
    const isLiveness = "LIVENESS" in defines;
    const all = isVariant ? { ...defines, BREADTH_FIRST: "" } : defines;
    const flags = Object.entries(all).map(([name, value]) => (value === "" ? `-D${name}` : `-D${name}=${value}`));
    must(folder, "spin", [...flags, "-a", "room-log.pml"]);
    const kind = isLiveness ? "-DNFAIR=3" : "-DSAFETY";
    const options = [kind, "-DNOREDUCE", "-DVECTORSZ=2048", `-DMEMLIM=${mibMax}`, ...(isVariant ? ["-DBFS"] : [])];
    must(folder, "cc", [isVariant ? "-O0" : "-O2", "-w", ...options, "-o", "pan", "pan.c"]);
    const found = spawnSync("./pan", [`-m${DEPTH_MAX}`, ...(isLiveness ? ["-a", "-f"] : [])], {
      cwd: folder,
      encoding: "utf8",
      timeout: SEARCH_MS_MAX,
      killSignal: "SIGKILL",
    });
    const output = `${found.stdout ?? ""}${found.stderr ?? ""}`;
    const figure = (pattern) => Number(output.match(pattern)?.[1] ?? Number.NaN);
    const errors = figure(/errors: (\d+)/);
    const isComplete = found.status === 0 && !/Search not completed|max search depth too small/.test(output);
    const report = {
      errors,
      isComplete,
      output,
      states: figure(/(\d+) states, stored/),
      depth: figure(/reached (\d+)/),
    };
    return errors > 0 ? { ...report, ...counterexample(folder, output) } : report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The steps up to the broken promise, which prints itself when the steps are done again. */
function counterexample(folder, output) {
  const replay = spawnSync("./pan", ["-r", "-n"], { cwd: folder, encoding: "utf8", timeout: SEARCH_MS_MAX });
  const lines = replay.stdout.split("\n");
  const last = lines.findIndex((line) => line.startsWith("broken: "));
  const end = last >= 0 ? last : lines.findIndex((line) => line.startsWith("spin: trail ends"));
  const steps = lines.slice(0, end).filter((line) => !line.startsWith("MSC:"));
  if (last >= 0) return { broken: lines[last].slice("broken: ".length), steps };
  const isCycle = output.includes("acceptance cycle");
  return { broken: isCycle ? "every request is answered: one is put off for ever" : "an error of the model", steps };
}

const total = { passed: 0, failed: 0 };

function tell(isGood, text, steps, startMs) {
  total[isGood ? "passed" : "failed"] += 1;
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(`${isGood ? "ok  " : "FAIL"} ${text}, ${seconds} s\n`);
  for (const step of steps ?? []) process.stdout.write(`       ${step}\n`);
}

function checkRight({ name, defines }, mibMax) {
  const startMs = Date.now();
  const { errors, isComplete, output, states, depth, broken, steps } = search({ defines, isVariant: false, mibMax });
  const figures = `${states.toLocaleString("en-US")} states, depth ${depth}`;
  if (errors > 0) tell(false, `${name}: ${figures}: broken: ${broken}`, steps, startMs);
  else if (isComplete && errors === 0) tell(true, `${name}: ${figures}`, undefined, startMs);
  else tell(false, `${name}: not searched to the end: ${output.slice(-400).trim()}`, undefined, startMs);
}

function checkVariant({ name, also, breaks, defines = {} }) {
  const startMs = Date.now();
  const all = { ...defines, [name]: "", ...(also && { [also]: "" }) };
  const title = also ? `${name} ${also}` : name;
  const { errors, broken = "", steps } = search({ defines: all, isVariant: true, mibMax: SEARCH_MIB_MAX });
  const isGood = errors > 0 && broken.startsWith(breaks);
  const text = errors > 0 ? `breaks "${broken}"` : "breaks nothing";
  const shown = traced === name || !isGood ? [...(steps ?? []), `broken: ${broken}`] : undefined;
  tell(isGood, `${title} ${text}${isGood ? "" : `, expected "${breaks}"`}`, shown, startMs);
}

ensureTools();
try {
  if (traced === undefined) for (const run of RIGHT) checkRight(run, SEARCH_MIB_MAX);
  if (options.includes("--large")) for (const run of LARGE) checkRight(run, LARGE_MIB_MAX);
  for (const variant of VARIANTS) if (traced === undefined || traced === variant.name) checkVariant(variant);
} catch (error) {
  process.stdout.write(`FAIL ${error.message}\n`);
  total.failed += 1;
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
