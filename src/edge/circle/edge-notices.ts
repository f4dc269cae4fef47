/**
 * What the edges of several nodes tell one another: small, rare, and true without an answer. Whoever does not hear a notice
 * learns of it in another way (`Access` reads again, an announcement stands in its room), so that nothing depends on one.
 */
import type { AccessEntry, TenantLimits } from "../../actors/tenant-calls.ts";
import type { Seq, TenantId, UserId } from "../../base/ids.ts";
import type { NotificationFrame } from "../../protocol/frames.ts";
import type { EdgeTraceView } from "./delivery-trace.ts";
import type { DismissedView } from "./dismissals.ts";
import type { PulseView } from "../figures/pulse.ts";
import type { Usage } from "../rates/shared-buckets.ts";

export type EdgeNotice =
  /** Units of rate limits that the sender gave out. */
  | { readonly kind: "usage"; readonly used: Usage }
  /** An administrator revoked, suspended or reinstated. */
  | { readonly kind: "access"; readonly tenant: TenantId; readonly entry: AccessEntry }
  | { readonly kind: "limits"; readonly tenant: TenantId; readonly limits: TenantLimits }
  /** For everybody of the tenant who is connected. */
  | { readonly kind: "announcement"; readonly tenant: TenantId; readonly frame: NotificationFrame }
  /** Its administrators want something else of their rooms. */
  | { readonly kind: "tenant_changed"; readonly tenant: TenantId }
  /** What became of a message at your edge? */
  | {
      readonly kind: "trace_ask";
      readonly from: string;
      readonly ask: number;
      readonly key: string;
      readonly seq: Seq;
      readonly userId: UserId;
    }
  /** How have you been since then? */
  | { readonly kind: "pulse_ask"; readonly from: string; readonly ask: number; readonly sinceMs: number }
  | { readonly kind: "pulse_told"; readonly to: string; readonly ask: number; readonly view: PulseView }
  /** An administrator ends all connections of this person: end yours, and say how many there were. */
  | {
      readonly kind: "dismiss_ask";
      readonly from: string;
      readonly ask: number;
      readonly tenant: TenantId;
      readonly userId: UserId;
    }
  | { readonly kind: "dismiss_told"; readonly to: string; readonly ask: number; readonly view: DismissedView }
  /** This person is called or shown otherwise: say when you have heard of it from their actor. */
  | {
      readonly kind: "profile_ask";
      readonly from: string;
      readonly ask: number;
      readonly tenant: TenantId;
      readonly userId: UserId;
    }
  | {
      readonly kind: "profile_told";
      readonly to: string;
      readonly ask: number;
      readonly view: { readonly node: string };
    }
  /** The answer, for `to` alone. */
  | { readonly kind: "trace_told"; readonly to: string; readonly ask: number; readonly view: EdgeTraceView };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const KINDS: ReadonlySet<string> = new Set<EdgeNotice["kind"]>([
  "usage",
  "access",
  "limits",
  "announcement",
  "tenant_changed",
  "trace_ask",
  "trace_told",
  "pulse_ask",
  "pulse_told",
  "dismiss_ask",
  "dismiss_told",
  "profile_ask",
  "profile_told",
]);

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
