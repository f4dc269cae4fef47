/** Reads that run at once. Invariant: answered once, with all of their values in their order, or with the first failure. */
import type { Done } from "../storage/journal.ts";

export function gather<Value>(reads: readonly ((done: Done<Value>) => void)[], answer: Done<readonly Value[]>): void {
  if (reads.length === 0) return answer({ ok: true, value: [] });
  const values = new Array<Value>(reads.length);
  let open = reads.length;
  let hasFailed = false;
  for (const [place, read] of reads.entries()) {
    read((result) => {
      if (hasFailed) return;
      if (!result.ok) {
        hasFailed = true;
        answer(result);
        return;
      }
      values[place] = result.value;
      open -= 1;
      if (open === 0) answer({ ok: true, value: values });
    });
  }
}
