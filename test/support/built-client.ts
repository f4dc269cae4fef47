/** The SDK as it is published: one module without imports. */

export async function buildClient(): Promise<string> {
  const entry = new URL("../../src/client/client.ts", import.meta.url).pathname;
  const built = await Bun.build({ entrypoints: [entry], minify: true, target: "browser", format: "esm" });
  const code = await built.outputs[0]?.text();
  if (!built.success || code === undefined) throw new Error(`the SDK was not built: ${built.logs.join("\n")}`);
  return code;
}
