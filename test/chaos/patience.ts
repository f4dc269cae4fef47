/** Preparations of a round: a machine that has too much to do may refuse them for now, as it may any client. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 500;

/** The first success within half a minute, or the last failure. What is tried must be fit to be tried again. */
export async function patiently<Value>(attempt: () => Promise<Value>): Promise<Value> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(PAUSE_MS);
    }
  }
}
