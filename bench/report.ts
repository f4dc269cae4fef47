/** Tables for people: on the terminal, and as Markdown for README.md. */
import type { Check, Table } from "./bounds.ts";
import { ratio } from "./bounds.ts";
import type { Figures } from "./figures.ts";
import type { Scenario } from "./scenarios.ts";

const PEER_NAMES = { stoa: "Stoa", raw: "raw publish", socketio: "Socket.IO" } as const;

type Row = readonly string[];

function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–";
}
function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}
function ms(us: number): string {
  return fixed(us / 1000, 2);
}
function mib(bytes: number): string {
  return fixed(bytes / 1024 / 1024, 0);
}

const LOAD_HEAD: Row = [
  "scenario",
  "server",
  "CPU µs/delivery",
  "Stoa ÷ it",
  "per second",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "RSS MiB",
  "load cores",
];

function loadRow(scenario: Scenario, figures: Figures, table: Table, first: boolean): Row {
  return [
    first ? scenario.title : "",
    PEER_NAMES[figures.peer],
    fixed(figures.cpuUs, 3),
    figures.peer === "stoa" ? "" : fixed(ratio(table, scenario.name, figures.peer), 3),
    whole(figures.perSecond),
    ms(figures.p50Us),
    ms(figures.p99Us),
    ms(figures.p999Us),
    mib(figures.rssBytes),
    fixed(figures.loadCores, 2),
  ];
}

const STILL_HEAD: Row = ["scenario", "server", "bytes/connection", "RSS MiB", "ready ms", "join ms"];

function stillRow(scenario: Scenario, figures: Figures, first: boolean): Row {
  const idle = scenario.kind === "idle";
  return [
    first ? scenario.title : "",
    PEER_NAMES[figures.peer],
    idle ? whole(figures.bytesPerConnection) : "–",
    mib(figures.rssBytes),
    whole(figures.startMs),
    idle ? "–" : whole(figures.joinMs),
  ];
}

/** The header first; only scenarios of the kind that the table is for. */
function rowsOf(scenarios: readonly Scenario[], table: Table): { readonly load: Row[]; readonly still: Row[] } {
  const load: Row[] = [LOAD_HEAD];
  const still: Row[] = [STILL_HEAD];
  for (const scenario of scenarios) {
    const figures = [...(table.get(scenario.name)?.values() ?? [])];
    for (const [i, one] of figures.entries()) {
      if (scenario.kind === "closed" || scenario.kind === "open") load.push(loadRow(scenario, one, table, i === 0));
      else still.push(stillRow(scenario, one, i === 0));
    }
  }
  return { load, still };
}

function checkRows(checks: readonly Check[]): Row[] {
  const head: Row = ["", "scenario", "what", "value", "bound"];
  return [
    head,
    ...checks.map((check) => [check.ok ? "pass" : "FAIL", check.scenario, check.what, check.value, check.bound]),
  ];
}

function aligned(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function markdown(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  const rule = `|${(rows[0] ?? []).map(() => "---|").join("")}`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

export function report(
  scenarios: readonly Scenario[],
  table: Table,
  checks: readonly Check[],
  how: { readonly markdown: boolean; readonly headline: readonly string[] },
): string {
  const { load, still } = rowsOf(scenarios, table);
  const print = how.markdown ? markdown : aligned;
  const tables = [load, still, checkRows(checks)].filter((rows) => rows.length > 1).map(print);
  return [how.headline.join("\n"), ...tables].join("\n\n");
}
