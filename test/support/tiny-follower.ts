/** A thread in the place of the one that follows the logs: says it is ready, and does what the room's name asks for. */
import { parentPort } from "node:worker_threads";
import { ASKED } from "./asked.ts";
import type { FollowNotice, FollowOrder } from "../../src/node/follow-thread.ts";

const say = (notice: FollowNotice): void => parentPort?.postMessage(notice);

parentPort?.on("message", (order: FollowOrder) => {
  if (order.kind === "sweep") say({ kind: "report", event: "swept", details: {} });
  if (order.kind === "hints") say({ kind: "lags", lags: { search: { logs: 1, events: order.hints.length, ms: 5 } } });
  if (order.kind === "forget") say({ kind: "forgotten", no: order.no, outcome: "durable" });
  if (order.kind === "close") {
    say({ kind: "closed" });
    parentPort?.close();
  }
  if (order.kind === "feeds_changed") say({ kind: "streamed", tenant: ASKED.by.tenant });
  if (order.kind === "answered") {
    const isSame = order.no === ASKED.no && Bun.deepEquals(order.result, { ok: true, value: ASKED.call });
    say({ kind: "report", event: `answered ${isSame ? "yes" : "no"}`, details: {} });
  }
  if (order.kind !== "search") return;
  const [room] = order.query.rooms;
  if (room === "die") process.exit(1);
  if (room === "ask") say({ kind: "ask", ...ASKED });
  if (room !== "wait") say({ kind: "hits", no: order.no, result: { ok: true, value: [] } });
});
say({ kind: "ready" });
