/**
 * The OpenAPI document at `/docs/json`, the socket's AsyncAPI document at `/docs/asyncapi.json`, and a page that lists the
 * first one at `/docs`. The page is our own: the usual viewers come
 * from a CDN, and this server must be complete without the internet.
 */
import { openapi, toOpenAPISchema } from "@elysiajs/openapi";
import { type AnyElysia, Elysia } from "elysia";
import { asyncApiDocument } from "../protocol/asyncapi.ts";
import type { SchemaOptions } from "../protocol/schema.ts";
import { escapeHtml, htmlPage, htmlResponse } from "./html.ts";

/** The same routes under another prefix, and what is not API. */
const NOT_LISTED = [/^\/api\/v1\/chat(\/|$)/, "/", "/docs", "/docs/json", "/docs/asyncapi.json"];
const VERSION = "1";

export function docsPlugin(app: () => AnyElysia, socket: SchemaOptions) {
  return new Elysia()
    .use(
      openapi({
        path: "/docs",
        specPath: "/docs/json",
        provider: null,
        exclude: { paths: NOT_LISTED },
        documentation: {
          info: {
            title: "Stoa",
            version: VERSION,
            description: "Realtime chat over REST. Every path under /v1/chat also stands under /api/v1/chat.",
          },
          components: { securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
          security: [{ bearer: [] }],
        },
      }),
    )
    .get("/docs/asyncapi.json", () => asyncApiDocument(socket), { detail: { hide: true } })
    .get("/docs", () => htmlResponse(listing(operationsOf(app()))), { detail: { hide: true } });
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

function operationsOf(app: AnyElysia): readonly Operation[] {
  const { paths } = toOpenAPISchema(app, { paths: NOT_LISTED });
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
