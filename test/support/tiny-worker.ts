/**
 * A shard's thread without a shard: answers each block with the same bytes, or fails as the block's first byte says, handling
 * the record that the second one names, of the link that the third one names.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerNotice, WorkerOrder, WorkerStart } from "../../src/actors/supervisor.ts";
import { WORKING_STORE, WorkingMark } from "../../src/actors/working-mark.ts";

export const DO = { echo: 1, exit: 2, exitCleanly: 3, loop: 4, loopInStore: 5, report: 6, throws: 7 } as const;
const LOOP_IN_STORE_MS = 2_500;

if (parentPort !== null) run(parentPort, workerData as WorkerStart<{ readonly failFirst?: boolean }>);

function run(
  host: NonNullable<typeof parentPort>,
  { mark: memory, careful, settings }: WorkerStart<{ failFirst?: boolean }>,
): void {
  const mark = new WorkingMark(memory);
  const notice = (message: WorkerNotice): void => host.postMessage(message);
  if (settings.failFirst === true) throw new Error("no data folder");
  setInterval(() => mark.beat(), 20);
  host.on("message", (message: Uint8Array | WorkerOrder) => {
    if (!(message instanceof Uint8Array)) return obey(message);
    const [what, record = 0, link = 0] = message;
    mark.work(record, link);
    switch (what) {
      case DO.exit:
        return process.exit(1);
      case DO.exitCleanly:
        return process.exit(0);
      case DO.throws:
        throw new Error("a fault of the test");
      case DO.loop:
        for (;;);
      case DO.loopInStore: {
        mark.work(WORKING_STORE, 0);
        const endMs = performance.now() + LOOP_IN_STORE_MS;
        while (performance.now() < endMs);
        mark.work(0, 0);
        break;
      }
      case DO.report:
        notice({ kind: "report", event: "said", details: { careful: String(careful) } });
        break;
    }
    host.postMessage(message);
    mark.work(0, 0);
  });
  notice({ kind: "ready" });

  function obey(order: WorkerOrder): void {
    switch (order.kind) {
      case "close":
        return notice({ kind: "closed" });
      case "link":
        return notice({ kind: "link" });
      case "peer":
        return notice({ kind: "peer", link: order.link, block: order.block });
      case "view":
        return notice({ kind: "report", event: "viewed", details: { version: order.view.version } });
      case "heads":
        return notice({ kind: "report", event: "heard", details: { bytes: order.block.length } });
    }
  }
}
