/**
 * The OpenAPI document at `/docs/json`, the socket's AsyncAPI document at `/docs/asyncapi.json`, and a page that lists the
 * first one at `/docs`. The page is our own: the usual viewers come
 * from a CDN, and this server must be complete without the internet.
 */
import { type AnyElysia, Elysia } from "elysia";
import { asyncApiDocument } from "../../protocol/asyncapi.ts";
import type { SchemaOptions } from "../../protocol/schema.ts";
import { answersOf, ENVELOPES, type Operation as Answering } from "../rest/route-answers.ts";
import { escapeHtml, htmlPage, htmlResponse } from "../rest/html.ts";
import { requestBodiesOf } from "../rest/request-bodies.ts";

/** The same routes under another prefix, and what is not API. */
const NOT_LISTED = [/^\/api\/v1\/chat(\/|$)/, "/", "/docs", "/docs/json", "/docs/asyncapi.json"];
const VERSION = "1";

export function docsPlugin(app: () => AnyElysia, socket: SchemaOptions) {
  let document: object | undefined;
  return new Elysia()
    .get(
      "/docs/json",
      async () => {
        document ??= await openApiDocument(app());
        return document;
      },
      { detail: { hide: true } },
    )
    .get("/docs/asyncapi.json", () => asyncApiDocument(socket), { detail: { hide: true } })
    .get("/docs", async () => htmlResponse(listing(await operationsOf(app()))), { detail: { hide: true } });
}

/** The library is loaded with the first question: a start waits for whatever is loaded, and few ask. */
async function routesOf(app: AnyElysia) {
  const { toOpenAPISchema } = await import("@elysiajs/openapi");
  return toOpenAPISchema(app, { paths: NOT_LISTED });
}

/** What the routes say of themselves, and which statuses each of them answers with. */
async function openApiDocument(app: AnyElysia): Promise<object> {
  const { paths, components } = await routesOf(app);
  const bodies = requestBodiesOf(app);
  return {
    openapi: "3.1.2",
    info: {
      title: "Stoa",
      version: VERSION,
      description:
        "Realtime chat over REST. Every path under /v1/chat also stands under /api/v1/chat. Besides what is named, every route may answer 503 with Retry-After while something is away or too much is waiting.",
    },
    tags: [],
    security: [{ bearer: [] }],
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [
        path,
        withAnswers(path, item as Readonly<Record<string, Answering>>, bodies),
      ]),
    ),
    components: {
      ...components,
      schemas: { ...components.schemas, ...ENVELOPES },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function withAnswers(
  path: string,
  item: Readonly<Record<string, Answering>>,
  bodies: ReturnType<typeof requestBodiesOf>,
): object {
  return Object.fromEntries(
    Object.entries(item).map(([method, operation]) => {
      const body = operation.requestBody === undefined ? undefined : bodies.get(`${method} ${path}`);
      const responses = answersOf(method, path, operation);
      return [method, { ...operation, ...(body !== undefined && { requestBody: body }), responses }];
    }),
  );
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
}

const METHODS = ["get", "head", "post", "put", "patch", "delete"] as const;

async function operationsOf(app: AnyElysia): Promise<readonly Operation[]> {
  const { paths } = await routesOf(app);
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item?.[method];
      if (operation === undefined) return [];
      return [{ method: method.toUpperCase(), path, summary: operation.summary ?? "", tag: operation.tags?.[0] ?? "" }];
    }),
  );
}

function listing(operations: readonly Operation[]): string {
  const tags = [...new Set(operations.map((operation) => operation.tag))].sort();
  const tables = tags.map((tag) => {
    const rows = operations
      .filter((operation) => operation.tag === tag)
      .map(
        ({ method, path, summary }) =>
          `<tr><td><b>${method}</b></td><td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(summary)}</td></tr>`,
      );
    return `<h2>${escapeHtml(tag)}</h2><table>${rows.join("")}</table>`;
  });
  const intro = `<p>The full description, for tools: <a href="/docs/json">/docs/json</a> (OpenAPI);
the socket: <a href="/docs/asyncapi.json">/docs/asyncapi.json</a> (AsyncAPI).
Every request but health carries <code>Authorization: Bearer …</code>.</p>`;
  return htmlPage("Stoa: REST", `<h1>REST</h1>${intro}${tables.join("")}`);
}
