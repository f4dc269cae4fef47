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
  const { code: smaller } = await minify(code, { module: true, ecma: 2020, compress: { passes: 3 } });
  if (smaller === undefined) throw new Error(`${entry} was not minified`);
  return smaller;
}
