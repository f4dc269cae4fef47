/** For what is told with a delay: tried until it holds, or fails as it failed last. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + 5_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await Bun.sleep(50);
    }
  }
}
