/**
 * `bun run reindex [--tenant ID] [--room ID] [--restart]`: builds the search index anew from the logs, room by room. The server
 * may run meanwhile: a room is found incompletely for as long as it is being read. An interrupted run is gone on with by the
 * same command; `--restart` begins from the start.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseId, type RoomId, type TenantId } from "../base/ids.ts";
import { FOLLOW_PAGE, REINDEX_LOGS_AT_ONCE } from "../base/limits.ts";
import { type Config, readConfig } from "../config/config.ts";
import { Reindex } from "../followers/reindex.ts";
import { openFollowerStorage, openSearchIndex } from "../node/open-parts.ts";
import { type FollowStore, type KnownLog, type LogPage, nameOfLog } from "../storage/follow-store.ts";
import type { LogKey } from "../storage/journal.ts";
import { noData } from "../storage/sqlite/schema.ts";
import { tellsUsage } from "./arguments.ts";

const USAGE = "usage: bun run reindex [--tenant ID] [--room ID] [--restart]";
const DEFAULT_TENANT = "default" as TenantId;
const STATE_FILE = "reindex.json";
const RETRY_MS = 250;
const SHOW_MS = 200;
const SAVE_MS = 1_000;
const BAR_CELLS = 24;

interface Options {
  readonly tenant: TenantId | undefined;
  readonly room: RoomId | undefined;
  readonly isRestart: boolean;
}

/** What an interrupted run leaves. */
interface State {
  readonly scope: string;
  /** Index that it builds: a run on one that is gone is over. */
  readonly index: string;
  /** Rooms are taken in the order of their names: all up to this one are finished, and these beyond it. */
  readonly through: string;
  readonly finished: readonly string[];
  readonly begun: readonly string[];
}

export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { tenant: text, room: text, restart: { type: "boolean" } },
    });
    const tenant = parseId<TenantId>(values.tenant);
    const room = parseId<RoomId>(values.room);
    const isWrong =
      (values.tenant !== undefined && tenant === undefined) || (values.room !== undefined && room === undefined);
    return isWrong ? undefined : { tenant, room, isRestart: values.restart === true };
  } catch {
    return undefined;
  }
}

/** Notes how far it is in the data folder, and shows it where somebody looks. */
class Run {
  readonly #path: string;
  readonly #scope: string;
  readonly #index: string;
  readonly begun: Set<string>;
  readonly #finished: Set<string>;
  #through: string;
  /** Those of this run, in order, from the first one that is not finished. */
  #names: readonly string[] = [];
  #next = 0;
  readonly isResumed: boolean;
  rooms = 0;
  events = 0;
  messages = 0;
  #eventsTotal = 0;
  #roomsTotal = 0;
  #shownMs = Number.NEGATIVE_INFINITY;
  #savedMs = Number.NEGATIVE_INFINITY;
  readonly #startMs = performance.now();

  constructor(dir: string, { tenant, room, isRestart }: Options, index: string) {
    mkdirSync(dir, { recursive: true });
    this.#path = join(dir, STATE_FILE);
    this.#scope = `${tenant ?? "*"} ${room ?? "*"}`;
    this.#index = index;
    const left = isRestart ? undefined : this.#left();
    this.#finished = new Set(left?.finished);
    this.#through = left?.through ?? "";
    this.begun = new Set(left?.begun);
    this.isResumed = left !== undefined;
  }

  /** What is left to do, in the order in which it is to be done. */
  left(logs: readonly KnownLog[]): KnownLog[] {
    const left = logs
      .map((known) => ({ name: nameOfLog(known.log), known }))
      .filter(({ name }) => name > this.#through && !this.#finished.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#names = left.map(({ name }) => name);
    this.#roomsTotal = left.length;
    this.#eventsTotal = left.reduce((sum, { known }) => sum + (known.head ?? 0), 0);
    return left.map(({ known }) => known);
  }

  finish(name: string): void {
    this.begun.delete(name);
    this.#finished.add(name);
    this.rooms += 1;
    for (
      let next = this.#names[this.#next];
      next !== undefined && this.#finished.has(next);
      next = this.#names[this.#next]
    ) {
      this.#through = next;
      this.#next += 1;
    }
    for (const one of this.#finished) if (one <= this.#through) this.#finished.delete(one);
  }

  read(events: number, messages: number): void {
    this.events += events;
    this.messages += messages;
    const nowMs = performance.now();
    if (nowMs - this.#savedMs > SAVE_MS) this.save();
    if (nowMs - this.#shownMs < SHOW_MS || process.stderr.isTTY !== true) return;
    this.#shownMs = nowMs;
    process.stderr.write(this.#line(nowMs));
  }

  save(): void {
    this.#savedMs = performance.now();
    const state: State = {
      scope: this.#scope,
      index: this.#index,
      through: this.#through,
      finished: [...this.#finished],
      begun: [...this.begun],
    };
    writeFileSync(`${this.#path}.new`, JSON.stringify(state));
    renameSync(`${this.#path}.new`, this.#path);
  }

  done(): void {
    rmSync(this.#path, { force: true });
    if (process.stderr.isTTY === true) process.stderr.write("\r\u001b[K");
    const seconds = (performance.now() - this.#startMs) / 1_000;
    const perSecond = Math.round(this.messages / Math.max(0.001, seconds));
    process.stdout.write(
      `${this.messages} messages in ${this.rooms} rooms, ${seconds.toFixed(1)} s, ${perSecond} messages/s\n`,
    );
  }

  #left(): State | undefined {
    if (!existsSync(this.#path)) return undefined;
    const state = JSON.parse(readFileSync(this.#path, "utf8")) as State;
    return state.scope === this.#scope && state.index === this.#index ? state : undefined;
  }

  #line(nowMs: number): string {
    const part = Math.min(1, this.events / Math.max(1, this.#eventsTotal));
    const seconds = (nowMs - this.#startMs) / 1_000;
    const left = part > 0 ? Math.round(seconds / part - seconds) : 0;
    const cells = Math.round(part * BAR_CELLS);
    const bar = `[${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}] ${String(Math.round(part * 100)).padStart(3)} %`;
    const rate = Math.round(this.messages / Math.max(0.001, seconds));
    return `\r${bar}  ${this.rooms}/${this.#roomsTotal} rooms  ${rate} messages/s  ${left} s left\u001b[K`;
  }
}

async function logsOf(store: FollowStore, { tenant, room }: Options): Promise<readonly KnownLog[]> {
  const found = new Map<string, KnownLog>();
  for (const list of ["allLogs", "openLogs"] as const) {
    let after: string | undefined;
    do {
      const page: LogPage = await new Promise((resolve, reject) =>
        store[list](after, FOLLOW_PAGE, (read) =>
          read.ok ? resolve(read.value) : reject(new Error("the store does not answer")),
        ),
      );
      // A name that was asked for and is no room may have a number and nothing else.
      const written = page.logs.filter(({ log, head }) => head !== 0 && isMeant(log, tenant, room));
      for (const known of written) found.set(nameOfLog(known.log), known);
      after = page.next;
    } while (after !== undefined);
  }
  return [...found.values()];
}

function isMeant(log: LogKey, tenant: TenantId | undefined, room: RoomId | undefined): boolean {
  if (room !== undefined && log.room !== room) return false;
  return log.tenant === (tenant ?? (room === undefined ? log.tenant : DEFAULT_TENANT));
}

/** `undefined`: all were meant, and there are none. */
function nothingNamed({ tenant, room }: Options): string | undefined {
  if (room !== undefined) return `there is no room ${room} of tenant ${tenant ?? DEFAULT_TENANT}`;
  return tenant === undefined ? undefined : `tenant ${tenant} has no rooms`;
}

/** 0 when every room was read to its end. */
async function reindex(config: Config, options: Options): Promise<number> {
  const place = { dataDir: config.dataDir, dynamodb: config.dynamodb };
  const missing = config.dynamodb === undefined ? noData(config.dataDir) : undefined;
  if (missing !== undefined) throw new Error(missing);
  const report = (event: string, details: object): void => {
    process.stderr.write(`${event} ${JSON.stringify(details)}\n`);
  };
  const storage = await openFollowerStorage(place, report);
  const search = await openSearchIndex(place, report);
  try {
    const logs = await logsOf(storage.store, options);
    const unknown = logs.length === 0 ? nothingNamed(options) : undefined;
    if (unknown !== undefined) throw new Error(unknown);
    const run = new Run(config.dataDir, options, search.index.id);
    if (run.isResumed) process.stderr.write("goes on with a run that was interrupted\n");
    const pause = (attempt: number) => new Promise<void>((resolve) => setTimeout(resolve, attempt * RETRY_MS));
    return await rebuildAll(new Reindex({ storage, index: search.index, pause }), run, logs);
  } finally {
    search.close();
    storage.close();
  }
}

async function rebuildAll(reindexer: Reindex, run: Run, logs: readonly KnownLog[]): Promise<number> {
  const waiting = run.left(logs);
  let failures = 0;
  const worker = async (): Promise<void> => {
    for (let known = waiting.shift(); known !== undefined; known = waiting.shift()) {
      const name = nameOfLog(known.log);
      const isBegun = run.begun.has(name);
      run.begun.add(name);
      try {
        await reindexer.rebuild(known.log, isBegun, (events, messages) => run.read(events, messages));
        run.finish(name);
      } catch (error) {
        failures += 1;
        const why = error instanceof Error ? error.message : String(error);
        process.stderr.write(`\r\u001b[K${known.log.tenant}/${known.log.room}: ${why}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: REINDEX_LOGS_AT_ONCE }, worker));
  if (failures === 0) run.done();
  else run.save();
  return failures === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const options = readOptions(process.argv.slice(2));
  const config = readConfig();
  if (options === undefined || !config.ok) {
    process.stderr.write(`${config.ok ? USAGE : config.error.join("\n")}\n`);
    return 2;
  }
  try {
    return await reindex(config.value, options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main();
