/** For what is told with a delay: tried until it holds, or fails as it failed last. */
export async function eventually<Value>(check: () => Promise<Value>, msMax = 20_000): Promise<Value> {
  const endMs = performance.now() + msMax;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await Bun.sleep(50);
    }
  }
}
