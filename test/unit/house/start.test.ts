import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What a thread needs only where something is configured or asked. Each takes 20 to 100 ms to load, and a start waits for it. */
const LATER = ["ioredis", "@aws-sdk/", "@smithy/", "openai", "@google/", "prom-client", "@elysiajs/openapi", "sharp"];

interface Metafile {
  readonly inputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string; readonly kind: string }[] }>
  >;
}

/** All files that are loaded before the first line of `entry` runs. */
async function loadedBy(entry: string): Promise<readonly string[]> {
  const { metafile } = await Bun.build({ entrypoints: [ROOT + entry], root: ROOT, target: "bun", metafile: true });
  const { inputs } = (typeof metafile === "string" ? JSON.parse(metafile) : metafile) as Metafile;
  const first = Object.keys(inputs).find((path) => path.endsWith(entry));
  if (first === undefined) throw new Error(`no ${entry} among the sources`);
  const loaded = new Set([first]);
  for (const path of loaded) {
    for (const { path: next, kind } of inputs[path]?.imports ?? []) {
      if (kind !== "dynamic-import" && next in inputs) loaded.add(next);
    }
  }
  return [...loaded];
}

test.each(["src/main.ts", "src/worker.ts", "src/node/follow-thread.ts"])(
  "%s loads no library that only some servers need",
  async (entry) => {
    const loaded = await loadedBy(entry);
    expect(loaded.length).toBeGreaterThan(50);
    expect(loaded.filter((path) => LATER.some((name) => path.includes(`node_modules/${name}`)))).toEqual([]);
  },
);
