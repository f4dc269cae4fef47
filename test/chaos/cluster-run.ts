/**
 * Plays scenarios one after the other on one cluster and says what came of each in a line.
 * Invariant: a round that fails does not keep the next from running, and nothing runs on when this returns.
 */
import { type RoundResult, playRound } from "./cluster-rounds.ts";
import { ClusterRig } from "./cluster-rig.ts";
import type { Scenario } from "./scenarios.ts";

/** A round's people, trouble and waits are all bounded; this is for what was overlooked. */
const ROUND_MS_MAX = 180_000;
const FAILURES_SHOWN_MAX = 12;
const UNANSWERED_SHOWN_MAX = 3;

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  /** Which rounds are played, by number from 1: a round's number and the seed decide all that is random in it. */
  readonly rounds: (scenario: Scenario) => readonly number[];
  readonly seed: number;
  readonly rate: number;
  readonly nodes: number;
  /** Times that are allowed for recovery are so many times as long: on a machine that does other things as well. */
  readonly slack: number;
  readonly logFolder: string;
  readonly print: (line: string) => void;
  /** Told when there is something to stop. */
  readonly started?: (rig: ClusterRig) => void;
}

export interface RunSummary {
  readonly passed: number;
  readonly failed: number;
}

interface Tally {
  rounds: number;
  acked: number;
  lost: number;
  duplicates: number;
  misordered: number;
  gaps: number;
  resets: number;
  takeovers: number;
  unanswered: number;
  recoveryMs: number;
  presenceMs: number;
  presenceWrong: number;
  readonly failures: string[];
}

export async function runScenarios(options: RunOptions): Promise<RunSummary> {
  const { scenarios, print, logFolder } = options;
  const rig = await ClusterRig.start(options);
  options.started?.(rig);
  let failed = 0;
  try {
    for (const scenario of scenarios) {
      const tally = await runScenario(rig, scenario, options);
      if (tally.failures.length > 0) failed += 1;
      print(summaryLine(scenario, tally));
      for (const failure of tally.failures.slice(0, FAILURES_SHOWN_MAX)) print(`    ${failure}`);
    }
  } finally {
    await rig.stop();
  }
  if (failed > 0) print(`the nodes' logs are in ${logFolder}`);
  return { passed: scenarios.length - failed, failed };
}

async function runScenario(rig: ClusterRig, scenario: Scenario, options: RunOptions): Promise<Tally> {
  const tally: Tally = {
    rounds: 0,
    acked: 0,
    lost: 0,
    duplicates: 0,
    misordered: 0,
    gaps: 0,
    resets: 0,
    takeovers: 0,
    unanswered: 0,
    recoveryMs: 0,
    presenceMs: 0,
    presenceWrong: 0,
    failures: [],
  };
  for (const round of options.rounds(scenario)) {
    const seed = options.seed + round;
    const fail = (what: string): void =>
      void tally.failures.push(
        `round ${round} (--scenario ${scenario.name} --seed ${options.seed} --round ${round}): ${what}`,
      );
    tally.rounds += 1;
    try {
      const result = await bounded(playRound({ rig, scenario, round, seed, rate: options.rate }));
      add(tally, result);
      for (const failure of [...result.failures, ...result.broken, ...result.stuck]) fail(failure);
      for (const request of result.unanswered.slice(0, UNANSWERED_SHOWN_MAX)) fail(`no answer for 10 s: ${request}`);
      if (result.presenceMs === undefined) tally.presenceWrong += 1;
      const allowedMs = scenario.recoveryMsMax * options.slack;
      if (result.recoveryMs > allowedMs) {
        fail(`no ack for ${seconds(result.recoveryMs)} in ${result.slowest}; allowed ${seconds(allowedMs)}`);
      }
      if (result.acked === 0) fail("nothing was acked");
      if (scenario.mustTakeOver === true && result.takeovers === 0) fail("no room changed hands");
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
    await rig.mend();
  }
  return tally;
}

function add(tally: Tally, result: RoundResult): void {
  tally.acked += result.acked;
  tally.lost += result.lost;
  tally.duplicates += result.duplicates;
  tally.misordered += result.misordered;
  tally.gaps += result.gaps;
  tally.resets += result.resets;
  tally.takeovers += result.takeovers;
  tally.unanswered += result.unanswered.length;
  tally.recoveryMs = Math.max(tally.recoveryMs, result.recoveryMs);
  tally.presenceMs = Math.max(tally.presenceMs, result.presenceMs ?? 0);
}

function summaryLine({ name, recoveryMsMax }: Scenario, tally: Tally): string {
  const { rounds, acked, lost, duplicates, misordered, gaps, resets, takeovers, unanswered, failures } = tally;
  const presence =
    tally.presenceWrong > 0
      ? `WRONG in ${tally.presenceWrong}`
      : `true after ${seconds(Math.max(0, tally.presenceMs))}`;
  const verdict = failures.length === 0 ? "ok  " : "FAIL";
  return (
    `${verdict} ${name}: ${rounds} rounds, ${acked} acked, ${lost} lost, ${duplicates} duplicates, ${misordered} misordered, ` +
    `${gaps} gaps, ${resets} resets, ${takeovers} takeovers, slowest recovery ${seconds(tally.recoveryMs)} (bound ${seconds(recoveryMsMax)}), presence ${presence}` +
    (unanswered > 0 ? `, ${unanswered} requests UNANSWERED for 10 s` : "")
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function bounded(round: Promise<RoundResult>): Promise<RoundResult> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds(ROUND_MS_MAX)}`)), ROUND_MS_MAX);
  });
  try {
    return await Promise.race([round, late]);
  } finally {
    clearTimeout(timer);
  }
}
