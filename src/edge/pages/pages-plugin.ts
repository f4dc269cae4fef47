/**
 * The web pages: the chat at `/`, what they load under `/assets`.
 * Invariant: everything is answered out of memory, with a policy under which a page runs no script but its own files.
 */
import { Elysia } from "elysia";
import type { Config } from "../../config/config.ts";
import { isKnown } from "../rest/known.ts";
import type { PageBundle, PageFile } from "./page-bundle.ts";

const YEAR_SECONDS = 31_536_000;

export function pagesPlugin({ routes, files }: PageBundle, { attachments }: Pick<Config, "attachments">) {
  const app = new Elysia();
  const headers = headersOf(typeof attachments.store === "object");
  const add = (path: string, file: PageFile): void => {
    const answer = ({ request }: { readonly request: Request }): Response => answerOf(request, file, headers);
    app.get(path, answer, { detail: { hide: true } });
    app.head(path, answer, { detail: { hide: true } });
  };
  for (const { paths, html } of routes) for (const path of paths) add(path, html);
  for (const file of files) add(file.path, file);
  return app;
}

function answerOf(request: Request, file: PageFile, common: Readonly<Record<string, string>>): Response {
  const headers: Record<string, string> = {
    ...common,
    "content-type": file.type,
    "cache-control": file.isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache",
    etag: file.etag,
    vary: "Accept-Encoding",
  };
  if (isKnown(request.headers.get("if-none-match"), file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  const encoding = encodingOf(request.headers.get("accept-encoding"));
  if (encoding !== undefined) headers["content-encoding"] = encoding;
  const body = encoding === undefined ? file.body : file[encoding === "br" ? "br" : "gzip"];
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** The smaller one of those that the client takes; one with `q=0` is refused. */
function encodingOf(accepted: string | null): "br" | "gzip" | undefined {
  const offers = (accepted ?? "").split(",").map((offer) => offer.trim().toLowerCase());
  const takes = (name: string): boolean =>
    offers.some((offer) => (offer === name || offer.startsWith(`${name};`)) && !/;\s*q=0(?:\.0*)?$/.test(offer));
  if (takes("br")) return "br";
  return takes("gzip") ? "gzip" : undefined;
}

/**
 * `'self'` in `connect-src` covers the socket of the same origin. Pictures of people may be anywhere. With a bucket files are sent
 * to addresses that only the bucket's own server knows how to write.
 */
function headersOf(hasBucket: boolean): Readonly<Record<string, string>> {
  const elsewhere = hasBucket ? " https:" : "";
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' blob: data: https:",
    "media-src 'self' blob:",
    `connect-src 'self'${elsewhere}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  };
}
