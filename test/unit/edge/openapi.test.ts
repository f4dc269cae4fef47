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

test("the socket's document is served, too", async () => {
  const response = await createApp(appOptions()).handle(new Request("http://localhost/docs/asyncapi.json"));
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(await response.json()).toEqual(JSON.parse(asyncApiText()));
});

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
}
