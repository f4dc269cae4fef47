/**
 * `bun run erase --tenant ID --user ID [--by ID] [--url URL] [--out FILE]`: erases a person's words and traces through the running
 * server of this configuration, tells how far it is, and writes the signed report.
 * `bun run erase --verify FILE [--tenant ID]`: whether such a report was signed by this installation.
 */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { tellsUsage } from "./arguments.ts";
import { type RunningServer, runningServer } from "./running-server.ts";

const USAGE =
  "usage: bun run erase --user ID [--tenant ID] [--by ID] [--url URL] [--out FILE]\n       bun run erase --verify FILE [--tenant ID] [--url URL]";
const POLL_MS = 500;

interface Erasure {
  readonly erasureId: string;
  readonly state: "running" | "done" | "held";
  readonly roomsDone: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly remains: readonly { readonly what: string; readonly why: string }[];
  readonly receipt: string | null;
}

async function erase(server: RunningServer, user: string, out: string | undefined): Promise<number> {
  // Before anything is erased: the receipt has to have its place.
  const hindrance = out === undefined ? undefined : whyNot(() => accessSync(dirname(out), constants.W_OK));
  if (hindrance !== undefined) return complain(`nothing was erased: --out ${out} cannot be written: ${hindrance}`);
  const begun = await server.ask<Erasure>("POST", "/admin/erasures", { userId: user });
  if (!begun.ok) return complain(begun.error);
  const { erasureId } = begun.value;
  process.stderr.write(`erasure ${erasureId}\n`);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const read = await server.ask<Erasure>("GET", `/admin/erasures/${erasureId}`);
    if (!read.ok) return complain(read.error);
    const { state, roomsDone, counts, remains, receipt } = read.value;
    if (process.stderr.isTTY === true) process.stderr.write(`\r${roomsDone} rooms\u001b[K`);
    if (state === "running") continue;
    if (process.stderr.isTTY === true) process.stderr.write("\r\u001b[K");
    const lines = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
    process.stdout.write(`${state}, ${roomsDone} rooms looked at\n${lines.join("\n") || "nothing was found"}\n`);
    for (const { what, why } of remains) process.stdout.write(`remains: ${what} (${why})\n`);
    const unwritten = out === undefined ? "" : whyNot(() => receipt !== null && writeFileSync(out, `${receipt}\n`));
    if (unwritten !== undefined || receipt === null) process.stdout.write(`receipt: ${receipt}\n`);
    if (unwritten) return complain(`${out} cannot be written, the receipt stands above: ${unwritten}`);
    return state === "done" ? 0 : 3;
  }
}

async function verify(server: RunningServer, file: string): Promise<number> {
  let receipt = "";
  const unread = whyNot(() => {
    receipt = readFileSync(file, "utf8").trim();
  });
  if (unread !== undefined) return complain(`--verify ${file} cannot be read: ${unread}`);
  const looked = await server.ask<{ readonly valid: boolean; readonly report: object | null }>(
    "POST",
    "/admin/erasures/verify",
    { receipt },
  );
  if (!looked.ok) return complain(looked.error);
  process.stdout.write(`${looked.value.valid ? JSON.stringify(looked.value.report, undefined, 2) : "not genuine"}\n`);
  return looked.value.valid ? 0 : 1;
}

/** Why a file cannot be come at. */
function whyNot(access: () => unknown): string | undefined {
  try {
    access();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function complain(error: string, code = 1): number {
  process.stderr.write(`${error}\n`);
  return code;
}

/** 0: erased, or genuine; 1: not; 2: asked wrongly; 3: a legal hold is in the way. */
async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const option = { type: "string" } as const;
  const names = { tenant: option, user: option, by: option, url: option, out: option, verify: option } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof names }>>["values"];
  try {
    values = parseArgs({ args: process.argv.slice(2), options: names }).values;
  } catch (error) {
    values = {};
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  const { tenant, user, by = "erasure", url, out, verify: file } = values;
  if ((user === undefined) === (file === undefined)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const server = await runningServer({ tenant, user: by, url });
  if (!server.ok) return complain(server.error, 2);
  return file === undefined ? erase(server.value, user ?? "", out) : verify(server.value, file);
}

if (import.meta.main) process.exitCode = await main();
