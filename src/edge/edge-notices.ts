/**
 * What the edges of several nodes tell one another: small, rare, and true without an answer. Whoever does not hear a notice
 * learns of it in another way, so that nothing depends on one.
 */
import type { Usage } from "./shared-buckets.ts";

export type EdgeNotice =
  /** Units of rate limits that the sender gave out. */
  { readonly kind: "usage"; readonly used: Usage };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const KINDS: ReadonlySet<string> = new Set<EdgeNotice["kind"]>(["usage"]);

export function encodeNotice(notice: EdgeNotice): Uint8Array {
  return encoder.encode(JSON.stringify(notice));
}

/** `undefined`: nothing that this version knows. Other nodes are trusted, other versions are possible. */
export function decodeNotice(block: Uint8Array): EdgeNotice | undefined {
  try {
    const notice: unknown = JSON.parse(decoder.decode(block));
    const isKnown = typeof notice === "object" && notice !== null && "kind" in notice && KINDS.has(String(notice.kind));
    return isKnown ? (notice as EdgeNotice) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
