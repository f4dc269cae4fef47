/** Plays random steps into a room as its actor would: what several tests compare, replay or store. */
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import type { CacheBounds } from "../../../../src/domain/room/empty-state.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { commandOf, type Step } from "./random-commands.ts";
import { RoomDriver, type Settled } from "./room-driver.ts";

const FIRST: Step = {
  kind: "create_room",
  by: 0,
  other: 1,
  role: 0,
  text: 0,
  back: 0,
  flag: true,
  repeats: undefined,
  clockMs: 0,
};

export interface Conversation {
  readonly driver: RoomDriver;
  readonly answers: readonly { readonly command: RoomCommand; readonly decision: Settled }[];
}

/** Plays the steps into a new room; commits only at `commit` steps and at the end. */
export function play(
  type: RoomType,
  script: readonly Step[],
  bounds?: CacheBounds,
  driver = new RoomDriver(bounds),
): Conversation {
  const answers: { command: RoomCommand; decision: Settled }[] = [];
  const run = (command: RoomCommand): void => {
    answers.push({ command, decision: driver.run(command) });
  };
  driver.write({ kind: "fence", seq: 1, timestamp: driver.now, epoch: 1, owner: "node" });
  run(commandOf({ ...FIRST, kind: "create_room" }, "first", driver, type));
  driver.autoCommit = false;
  for (const [index, step] of script.entries()) {
    driver.now += step.clockMs;
    if (step.kind === "commit") {
      driver.commit();
      continue;
    }
    const clientId = step.repeats === undefined ? `c${index}` : `c${Math.max(0, index - step.repeats)}`;
    run(commandOf(step, clientId, driver, type));
    // Every other repeat asks exactly what was asked before.
    const last = answers.at(-(step.repeats ?? 0) - 1);
    if (step.repeats !== undefined && step.flag && last !== undefined) run(last.command);
  }
  driver.commit();
  return { driver, answers };
}
