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

const NODES_HEAD: Row = [
  "scenario",
  "server",
  "CPU µs/delivery",
  "Stoa ÷ it",
  "stores' CPU µs/delivery",
  "per second",
  "owner→other p50 / p99 / p99.9 ms",
  "send→receipt p50 / p99 ms",
  "send→ack or own delivery p50 / p99 ms",
  "RSS MiB",
  "load cores",
];

function nodesRow(scenario: Scenario, figures: Figures, table: Table, first: boolean): Row {
  const { cross, receipt } = figures;
  const isRouted = Number.isFinite(cross.p99);
  const stores = Object.entries(figures.storeCpuUs).map(([name, cpuUs]) => `${name} ${fixed(cpuUs, 3)}`);
  return [
    first ? scenario.title : "",
    PEER_NAMES[figures.peer],
    fixed(figures.cpuUs, 3),
    figures.peer === "stoa" ? "" : fixed(ratio(table, scenario.name, figures.peer), 3),
    stores.join(", "),
    whole(figures.perSecond),
    isRouted ? `${ms(cross.p50)} / ${ms(cross.p99)} / ${ms(cross.p999)}` : "–",
    isRouted ? `${ms(receipt.p50)} / ${ms(receipt.p99)}` : "–",
    `${ms(figures.p50Us)} / ${ms(figures.p99Us)}`,
    mib(figures.rssBytes),
    fixed(figures.loadCores, 2),
  ];
}

const MOVED_HEAD: Row = [
  "scenario",
  "phase",
  "rooms idle / active",
  "moved idle / active",
  "requests to the store",
  "of them for idle rooms",
  "acks",
  "longest wait for an ack ms",
  "longest between two acks ms",
];

function movedRows(scenario: Scenario, { moved }: Figures): Row[] {
  return (moved?.phases ?? []).map((phase, i) => [
    i === 0 ? `${scenario.title}; a message each ${fixed((moved?.periodMs ?? 0) / 1000, 1)} s` : "",
    `${phase.name}, ${fixed(phase.seconds, 0)} s`,
    i === 0 ? `${whole(moved?.idleRooms ?? 0)} / ${whole(moved?.activeRooms ?? 0)}` : "",
    `${whole(phase.idleMoved)} / ${whole(phase.activeMoved)}`,
    whole(phase.requests),
    whole(phase.idleRequests),
    whole(phase.acks),
    whole(phase.longestWaitMs),
    whole(phase.longestGapMs),
  ]);
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
function rowsOf(scenarios: readonly Scenario[], table: Table): readonly (readonly Row[])[] {
  const load: Row[] = [LOAD_HEAD];
  const nodes: Row[] = [NODES_HEAD];
  const moved: Row[] = [MOVED_HEAD];
  const still: Row[] = [STILL_HEAD];
  for (const scenario of scenarios) {
    const figures = [...(table.get(scenario.name)?.values() ?? [])];
    for (const [i, one] of figures.entries()) {
      if (scenario.kind === "closed" || scenario.kind === "open") {
        if (scenario.nodes > 1) nodes.push(nodesRow(scenario, one, table, i === 0));
        else load.push(loadRow(scenario, one, table, i === 0));
      } else if (scenario.kind === "moved") moved.push(...movedRows(scenario, one));
      else still.push(stillRow(scenario, one, i === 0));
    }
  }
  return [load, still, nodes, moved];
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
  const print = how.markdown ? markdown : aligned;
  const tables = [...rowsOf(scenarios, table), checkRows(checks)].filter((rows) => rows.length > 1).map(print);
  return [how.headline.join("\n"), ...tables].join("\n\n");
}
