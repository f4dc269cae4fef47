/**
 * Who uses this browser: the token, kept over reloads, and what it says. The server checks it; nothing here does.
 * Invariant: signing out leaves nothing of the account in this browser but the choice of colours.
 */
import { signal } from "@preact/signals";
import { forgetPerson } from "./forget.ts";
import { kept } from "./kept.ts";

export interface Account {
  readonly token: string;
  readonly userId: string;
  readonly tenant: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Signed in by name, in development: a new token can be had by the same name. */
  readonly devName?: string;
}

const KEY = "stoa-account";
const PERSON_KEY = "stoa-person";
const OWN_KEYS = /^stoa-(?!theme$)/;

export const account = signal<Account | undefined>(undefined);

export function loadAccount(): void {
  try {
    const known = JSON.parse(kept.getItem(KEY) ?? "null") as { token: string; devName?: string } | null;
    account.value = known === null ? undefined : readToken(known.token, known.devName);
  } catch {
    kept.removeItem(KEY);
  }
}

/** Whoever signs out in one tab, or in as somebody else, does so in all of them. */
export function followOtherTabs(): void {
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) loadAccount();
  });
}

/** Throws with a sentence when this can be no token. */
export function signInWithToken(token: string): void {
  keep(readToken(token.trim()));
}

/** Only where the server allows it: in development. */
export async function signInAs(name: string, isAdmin: boolean): Promise<void> {
  keep(await devToken(name, isAdmin));
}

export function signOut(): void {
  for (const key of kept.getAllKeys()) if (OWN_KEYS.test(key)) kept.removeItem(key);
  forgetPerson().catch(() => undefined);
  account.value = undefined;
}

/** The server does not take this token any more. What was written and not sent stays for the same person's next one. */
export function tokenRefused(): void {
  kept.removeItem(KEY);
  account.value = undefined;
}

/** For the SDK, which asks before each connection: a newer one where there is one. */
export async function currentToken(): Promise<string> {
  const known = account.value;
  if (known === undefined) throw new Error("Nobody is signed in.");
  const isOld = known.expiresAt - Date.now() < 60_000;
  if (!isOld || known.devName === undefined) return known.token;
  const next = await devToken(known.devName, known.isAdmin);
  keep(next);
  return next.token;
}

async function devToken(name: string, isAdmin: boolean): Promise<Account> {
  const response = await fetch("/v1/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, ...(isAdmin && { role: "admin" }) }),
  });
  const { data, error } = (await response.json()) as { data?: { token: string }; error?: { message: string } };
  if (data === undefined) throw new Error(error?.message ?? "The server gave no token.");
  return readToken(data.token, name);
}

function keep(next: Account): void {
  const { token, devName, tenant, userId } = next;
  const person = `${tenant}/${userId}`;
  // Nobody finds what somebody else left.
  if ((kept.getItem(PERSON_KEY) ?? person) !== person) signOut();
  kept.setItem(PERSON_KEY, person);
  kept.setItem(KEY, JSON.stringify({ token, ...(devName !== undefined && { devName }) }));
  account.value = next;
}

function readToken(token: string, devName?: string): Account {
  const claims = claimsOf(token);
  const userId = claims?.["sub"];
  if (claims === undefined || typeof userId !== "string") throw new Error("This is no token of this server.");
  const { tenant, tenant_id: tenantId, name, role, exp } = claims;
  const expiresAt = typeof exp === "number" ? exp * 1_000 : Number.POSITIVE_INFINITY;
  if (expiresAt < Date.now() && devName === undefined) throw new Error("This token has expired.");
  return {
    token,
    userId,
    tenant: String(tenant ?? tenantId ?? "default"),
    name: typeof name === "string" ? name : userId,
    isAdmin: role === "admin",
    expiresAt,
    ...(devName !== undefined && { devName }),
  };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const part = token.split(".")[1];
  if (part === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
