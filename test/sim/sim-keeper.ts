/** The engine's own hand in the simulation: the production retention, asking whatever node is there at the moment. */
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Engine } from "../../src/edge/ports.ts";
import { Keeper } from "../../src/edge/keeping/keeper.ts";
import { Retention } from "../../src/edge/keeping/retention.ts";
import type { SimNode } from "./sim-node.ts";

export const RETENTION_DAYS = 30;
const DAY_MS = 86_400_000;
/** How old the first half of a room from former times is, and the rest. */
export const TOO_OLD_MS = (RETENTION_DAYS + 10) * DAY_MS;
export const NOT_TOO_OLD_MS = 10 * DAY_MS;

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Takes what is too old out of one room; ends when the node that it asks has gone, or is done. */
export function retain(node: SimNode, clock: Clock, tenant: TenantId, room: RoomId): void {
  const engine = {
    call: (by, call) => new Promise((resolve) => node.call(by, call, resolve)),
  } as Engine;
  const keeper = new Keeper(engine, clock);
  const options = { keeper, log: SILENT, days: RETENTION_DAYS, everyMs: DAY_MS, isTurn: () => true };
  void new Retention(options).run(tenant, { limit: 1, room });
}

function ignore(): void {
  // What a sweep has to say is for operators.
}
