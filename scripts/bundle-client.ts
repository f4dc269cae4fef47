/** The SDK as browsers and Node load it: one module without imports, as small as it gets. */
import { minify } from "terser";

const root = new URL("..", import.meta.url).pathname;

/** Of an entry in `src/client`; `external` modules stay imports. */
export async function bundleClient(entry = "stoa-chat.ts", external: readonly string[] = []): Promise<string> {
  const built = await Bun.build({
    entrypoints: [`${root}src/client/${entry}`],
    minify: true,
    target: "browser",
    format: "esm",
    external: [...external],
  });
  const code = await built.outputs[0]?.text();
  if (!built.success || code === undefined) throw new Error(`${entry} was not built: ${built.logs.join("\n")}`);
  // Constants stay where they are written: what is alike in the source is alike in the code, and packs better.
  const compress = { passes: 3, lhs_constants: false };
  const { code: smaller } = await minify(code, { module: true, ecma: 2020, compress });
  if (smaller === undefined) throw new Error(`${entry} was not minified`);
  return smaller;
}
