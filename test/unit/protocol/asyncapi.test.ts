/** docs/asyncapi.json is what the code says, it is AsyncAPI, and the published vectors are what it says. */
import { describe, expect, test } from "bun:test";
import specs from "@asyncapi/specs";
import Ajv, { type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { MESSAGE_LENGTH_DEFAULT } from "../../../src/base/limits.ts";
import { asyncApiDocument } from "../../../src/protocol/asyncapi.ts";
import { ASYNCAPI_FILE, asyncApiText } from "./asyncapi-file.ts";

const document = asyncApiDocument({ messageLengthMax: MESSAGE_LENGTH_DEFAULT });

interface Vector {
  readonly name: string;
  readonly frame: { readonly type: string };
  readonly json: unknown;
}
const load = async (name: string): Promise<readonly Vector[]> =>
  (await Bun.file(new URL(`../../vectors/${name}.json`, import.meta.url)).json()) as readonly Vector[];

test("the committed document is the one that the code makes", async () => {
  expect(await Bun.file(ASYNCAPI_FILE).text(), "bun test/unit/protocol/asyncapi-file.ts writes it").toBe(
    asyncApiText(),
  );
});

test("the document is AsyncAPI 3.0", () => {
  // The specification brings the schema of schemas with it.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, meta: false, validateSchema: false });
  const isAsyncApi = ajv.compile(specs.schemas["3.0.0"] as object);
  isAsyncApi(document);
  expect(isAsyncApi.errors ?? []).toEqual([]);
  expect(isAsyncApi({ ...document, channels: { chat: { messages: 1 } } })).toBe(false);
});

describe("the published vectors", async () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, "document");
  const validator = (name: string): ValidateFunction => ajv.compile({ $ref: `document#/components/schemas/${name}` });

  for (const { name, frame, json } of await load("client-frames")) {
    test(`client: ${name}`, () => check(validator(`client_${frame.type}`), json));
  }
  for (const { name, frame, json } of await load("server-frames")) {
    test(`server: ${name}`, () => check(validator(frame.type), json));
  }

  test("what is no frame is none", () => {
    expect(validator("error")({ type: "error", code: "no_such_code", message: "", temporary: false })).toBe(false);
    expect(validator("client_send_message")({ type: "send_message", roomId: "r" })).toBe(false);
  });
});

function check(validate: ValidateFunction, json: unknown): void {
  validate(json);
  expect(validate.errors ?? []).toEqual([]);
}
