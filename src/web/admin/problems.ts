/**
 * What is wrong with the server right now, in words, the worst first: what an operator should see before anything else.
 * Invariant: says nothing of what was never told.
 */
import { duration, milliseconds, plural } from "./format.ts";
import type { Overview, OverviewNode, PulseHistory } from "./pulse-history.ts";

export interface Problem {
  readonly level: "bad" | "warn";
  readonly what: string;
  readonly detail: string;
}

const LATE_MS_MAX = 250;
const LAG_MS_MAX = 30_000;
const WAITING_MAX = 5_000;
/** How long a trouble that is over is still shown, in samples. */
const RECENT = 30;

export function problemsOf(overview: Overview, history: PulseHistory, nowMs: number): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { instance, lastSeen } of overview.lost) {
    const since = duration(nowMs - Date.parse(lastSeen));
    problems.push({
      level: "bad",
      what: `Node ${instance} is gone`,
      detail: `It was seen ${since} ago and did not take its leave. Its rooms were taken over by the others.`,
    });
  }
  for (const node of overview.silent) {
    const detail = "It is registered and gave no answer within a second.";
    problems.push({ level: "bad", what: `Node ${node} does not answer`, detail });
  }
  for (const node of overview.nodes) problems.push(...ofNode(node, history));
  return problems.sort((a, b) => Number(b.level === "bad") - Number(a.level === "bad"));
}

function ofNode(node: OverviewNode, history: PulseHistory): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (level: Problem["level"], what: string, detail: string): void =>
    void problems.push({ level, what: `${what} (node ${node.instance})`, detail });
  const lately = (column: string): number =>
    history
      .of(node.node, column)
      .values.slice(-RECENT)
      .reduce((sum, value) => sum + value, 0);
  const now = (column: string): number => history.of(node.node, column).values.at(-1) ?? 0;
  if (!node.isReady) add("warn", "Not ready", "New connections are sent elsewhere: it is starting or stopping.");
  for (const [part, state] of Object.entries(node.dependencies)) {
    if (state === "down") add("bad", `${part} is down`, DOWN[part] ?? "It does not answer.");
    if (state === "degraded") add("warn", `${part} is degraded`, DEGRADED[part] ?? "It answers less than it should.");
  }
  const notWritten = lately("notWritten");
  if (notWritten > 0) {
    const detail = "In the last minute. Nobody was told that they were written; they are tried again or refused.";
    add("bad", `${plural(notWritten, "append")} found no store`, detail);
  }
  const errors = lately("serverErrors");
  if (errors > 0) add("warn", `${plural(errors, "answer")} with status 5xx`, "In the last minute.");
  const late = Math.max(now("edgeLateMs"), now("shardLateMs"));
  if (late > LATE_MS_MAX) add("warn", `Threads are ${milliseconds(late)} late`, "Everything waits for that long.");
  const waiting = now("requestsWaiting");
  if (waiting > WAITING_MAX)
    add("warn", `${plural(waiting, "request")} wait`, "Shards cannot keep up with what comes.");
  for (const [name, ms] of Object.entries(node.lagsMs)) {
    if (ms > LAG_MS_MAX)
      add("warn", `${name} is ${milliseconds(ms)} behind`, "What was written since is not found yet.");
  }
  return problems;
}

const DOWN: Readonly<Record<string, string>> = {
  dynamodb: "Nothing is acknowledged until it answers again; what is in memory is still read.",
  redis: "Rooms of this node go on; those of other nodes cannot be reached.",
  registry: "Rooms of this node go on; those of other nodes cannot be reached.",
};
const DEGRADED: Readonly<Record<string, string>> = {
  shards: "A shard's thread is being started again; its rooms wait.",
  search: "It is behind the logs: new messages are not found yet.",
};
