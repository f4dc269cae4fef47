/** docs/openapi.json is what the server says of itself, and what the server serves of its socket is docs/asyncapi.json. */
import { expect, test } from "bun:test";
import { createApp } from "../../../src/edge/http.ts";
import { asyncApiText } from "../protocol/asyncapi-file.ts";
import { appOptions } from "./fake-engine.ts";
import { OPENAPI_FILE, openApiText } from "./openapi-file.ts";

test("the committed document is the one that the server serves", async () => {
  expect(await Bun.file(OPENAPI_FILE).text(), "bun test/unit/edge/openapi-file.ts writes it").toBe(await openApiText());
});

test("each operation has a name and says what it is for", async () => {
  const { paths } = JSON.parse(await openApiText()) as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
  );
  expect(operations.length).toBeGreaterThan(80);
  expect(operations.filter(({ summary = "" }) => summary === "").map(({ name }) => name)).toEqual([]);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test("each body is described, field by field, and numbers as numbers", async () => {
  const { paths } = JSON.parse(await openApiText()) as { paths: Record<string, Record<string, Operation>> };
  const bodies = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody }]) => (requestBody ? [{ path, method, requestBody }] : [])),
  );
  expect(bodies.length).toBeGreaterThan(50);
  const unsaid = bodies.filter(({ requestBody }) => !requestBody.content?.["application/json"]?.schema.properties);
  expect(unsaid.map(({ path, method }) => `${method} ${path}`)).toEqual([]);
  const made = paths["/v1/chat/rooms"]?.["post"]?.requestBody?.content?.["application/json"]?.schema.properties;
  expect(made).toMatchObject({
    name: { type: "string", minLength: 1, maxLength: 120 },
    maxMembers: { type: "integer", minimum: 1 },
  });
  const { requestBody } = paths["/v1/chat/rooms/{roomId}/messages"]?.["post"] ?? {};
  expect(requestBody?.required).toBe(true);
});

test("the socket's document is served, too", async () => {
  const response = await createApp(appOptions()).handle(new Request("http://localhost/docs/asyncapi.json"));
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(await response.json()).toEqual(JSON.parse(asyncApiText()));
});

interface Operation {
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content?: Record<string, { readonly schema: { readonly properties?: object } }>;
  };
  readonly summary?: string;
  readonly operationId?: string;
}
