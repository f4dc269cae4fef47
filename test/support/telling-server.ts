/** The real server, which on SIGUSR2 says which packages were loaded into its main thread. */
import { createRequire } from "node:module";

const { cache } = createRequire(import.meta.url);

process.on("SIGUSR2", () => {
  const packages = Object.keys(cache).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  process.stdout.write(`loaded: ${[...new Set(packages)].sort().join(" ")} end\n`);
});
await import("../../src/main.ts");
