/** docs/openapi.json as the server serves it; run this file to write it anew: `bun test/unit/edge/openapi-file.ts`. */
import { createApp } from "../../../src/edge/http.ts";
import { appOptions } from "./fake-engine.ts";

export const OPENAPI_FILE = new URL("../../../docs/openapi.json", import.meta.url);

export async function openApiText(): Promise<string> {
  const response = await createApp(appOptions()).handle(new Request("http://localhost/docs/json"));
  return `${JSON.stringify(await response.json(), null, 1)}\n`;
}

if (import.meta.main) await Bun.write(OPENAPI_FILE, await openApiText());
