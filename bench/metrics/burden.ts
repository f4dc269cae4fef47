/**
 * Loaded into a server before its own code (`BUN_OPTIONS=--preload=…`): burns a known share of the server's other CPU time on the
 * way of what is published. What a measure of a few percent has to find.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { isMainThread } from "node:worker_threads";
import { Egress } from "../../src/edge/sockets/egress.ts";

const CLOCKS = { process: 2, thread: 3 } as const;
/** The process is asked for its time so often; asking costs a microsecond. */
const LOOK_MS = 1;

const share = Number(process.env["BENCH_BURDEN"] ?? 0);
if (isMainThread && share > 0) burden(share);

function burden(wanted: number): void {
  const { symbols } = dlopen("libc.so.6", {
    clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  });
  const time = new BigInt64Array(2);
  const at = ptr(time);
  const ns = (clock: number): number => {
    symbols.clock_gettime(clock, at);
    return Number((time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n));
  };
  const beganNs = ns(CLOCKS.process);
  let burntNs = 0;
  let lookedMs = 0;
  const { publish } = Egress.prototype;
  Egress.prototype.publish = function (topic, codec, text, head, data): void {
    publish.call(this, topic, codec, text, head, data);
    const nowMs = performance.now();
    if (nowMs - lookedMs < LOOK_MS) return;
    lookedMs = nowMs;
    const owedNs = wanted * (ns(CLOCKS.process) - beganNs - burntNs) - burntNs;
    if (owedNs <= 0) return;
    const fromNs = ns(CLOCKS.thread);
    let spentNs = 0;
    while (spentNs < owedNs) spentNs = ns(CLOCKS.thread) - fromNs;
    burntNs += spentNs;
  };
}
