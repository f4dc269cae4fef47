/** docs/asyncapi.json as the code has it; run this file to write it anew: `bun test/unit/protocol/asyncapi-file.ts`. */
import { MESSAGE_LENGTH_DEFAULT } from "../../../src/base/limits.ts";
import { asyncApiDocument } from "../../../src/protocol/asyncapi.ts";

export const ASYNCAPI_FILE = new URL("../../../docs/asyncapi.json", import.meta.url);

export function asyncApiText(): string {
  return `${JSON.stringify(asyncApiDocument({ messageLengthMax: MESSAGE_LENGTH_DEFAULT }), null, 1)}\n`;
}

if (import.meta.main) await Bun.write(ASYNCAPI_FILE, asyncApiText());
