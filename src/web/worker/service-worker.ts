/**
 * The page without a network: what it is made of, and what was read last; and what comes while it is closed.
 * Invariant: answers are kept under the account that asked for them, at most `ANSWERS_MAX` of it, for nobody else, and none is left
 * when the page says that somebody has signed out.
 */
const SHELL = "stoa-shell";
const ANSWERS = "stoa-answers ";
const ANSWERS_MAX = 200;
const ASSETS_MAX = 100;
/** Without an answer for so long, what is kept is shown. */
const PAGE_MS_MAX = 3_000;
const ANSWER_MS_MAX = 8_000;
/** What is worth reading again: lists of rooms, a room, its newest messages, its people and pins. */
const KEPT = [
  /^\/v1\/chat\/rooms$/,
  /^\/v1\/chat\/rooms\/[^/]+(\/(messages|members|pins))?$/,
  /^\/v1\/chat\/(unread|users\/me)$/,
];

interface Extended {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetched extends Extended {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Pushed extends Extended {
  readonly data: { json(): unknown } | null;
}
interface Clicked extends Extended {
  readonly notification: { readonly data: unknown; close(): void };
}
interface Told extends Extended {
  readonly data: unknown;
}
interface Window {
  readonly url: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
/** What a worker has: the types of pages and of workers can't be had at once. */
interface Worker {
  readonly location: Location;
  readonly registration: { showNotification(title: string, options: object): Promise<void> };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(of: { readonly type: "window"; readonly includeUncontrolled: boolean }): Promise<readonly Window[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listener: (event: Extended) => void): void;
  addEventListener(name: "fetch", listener: (event: Fetched) => void): void;
  addEventListener(name: "push", listener: (event: Pushed) => void): void;
  addEventListener(name: "notificationclick", listener: (event: Clicked) => void): void;
  addEventListener(name: "message", listener: (event: Told) => void): void;
}
const worker = globalThis as unknown as Worker;

/** Grows when somebody signs out: what was on its way then is not kept. */
let round = 0;
let lastAccount: string | undefined;

worker.addEventListener("install", (event) => event.waitUntil(keepShell().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => {
  if (event.data === "stoa-signed-out") event.waitUntil(forget());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate" && (pathname === "/" || pathname.startsWith("/r/"))) {
    return event.respondWith(page(request, event));
  }
  if (pathname.startsWith("/assets/") || pathname === "/favicon.svg") return event.respondWith(asset(request));
  const isNewest = !searchParams.has("before") && !searchParams.has("after");
  const account = accountOf(request);
  if (account !== undefined && isNewest && KEPT.some((path) => path.test(pathname))) {
    event.respondWith(answer(request, account, event));
  }
});

// ---------------------------------------------------------------------------------------------- the page

async function keepShell(): Promise<void> {
  const response = await fetch("/", { cache: "no-cache" });
  if (response.ok) await keepPage(response);
}

/** With all that it loads. */
async function keepPage(response: Response): Promise<void> {
  const shell = await caches.open(SHELL);
  const html = await response.clone().text();
  const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+|\/favicon\.svg)"/g)].map((match) => match[1] ?? "");
  const known = await Promise.all(assets.map((path) => shell.match(path)));
  await shell.addAll(assets.filter((_, i) => known[i] === undefined));
  await shell.put("/", response);
  await shorten(shell, ASSETS_MAX);
}

async function page(request: Request, event: Extended): Promise<Response> {
  const shell = await caches.open(SHELL);
  const response = await inTime(fetch(request), PAGE_MS_MAX);
  if (response === undefined) return (await shell.match("/")) ?? fetch(request);
  if (response.ok) event.waitUntil(keepPage(response.clone()).catch(() => undefined));
  return response;
}

/** Its name changes with its content. */
async function asset(request: Request): Promise<Response> {
  const shell = await caches.open(SHELL);
  const known = await shell.match(request);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok) await shell.put(request, response.clone());
  return response;
}

// ---------------------------------------------------------------------------------------------- what was read

async function answer(request: Request, account: string, event: Extended): Promise<Response> {
  const asked = round;
  await onlyOf(account);
  const kept = await caches.open(ANSWERS + account);
  const fresh = fetch(request);
  const response = await inTime(fresh, ANSWER_MS_MAX);
  if (response === undefined) return (await kept.match(request.url, { ignoreVary: true })) ?? fresh;
  if (response.ok) event.waitUntil(keep(account, request.url, response.clone(), asked));
  // What one may not see any more, one does not see without a network either.
  else if (response.status < 500) event.waitUntil(kept.delete(request.url, { ignoreVary: true }));
  return response;
}

async function keep(account: string, url: string, response: Response, asked: number): Promise<void> {
  // Whole before anything is taken away: a page that is left cuts off what it was being sent.
  const whole = new Response(await response.blob(), response);
  if (asked !== round) return;
  const kept = await caches.open(ANSWERS + account);
  await kept.delete(url, { ignoreVary: true });
  await kept.put(url, whole);
  await shorten(kept, ANSWERS_MAX);
  if (asked !== round) await forget();
}

/** The oldest go first: a cache gives its keys in the order in which they were put. */
async function shorten(cache: Cache, max: number): Promise<void> {
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - max)).map((key) => cache.delete(key)));
}

/** Somebody else reads here now. */
async function onlyOf(account: string): Promise<void> {
  if (account === lastAccount) return;
  lastAccount = account;
  for (const name of await caches.keys()) {
    if (name.startsWith(ANSWERS) && name !== ANSWERS + account) await caches.delete(name);
  }
}

async function forget(): Promise<void> {
  round += 1;
  lastAccount = undefined;
  for (const name of await caches.keys()) if (name.startsWith(ANSWERS)) await caches.delete(name);
}

/** Tenant and user of the token; nothing is checked here, the server does that. */
function accountOf(request: Request): string | undefined {
  try {
    const part = request.headers.get("authorization")?.split(".")[1] ?? "";
    const claims = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
    const { sub, tenant, tenant_id: tenantId } = claims;
    return typeof sub === "string" ? `${String(tenant ?? tenantId ?? "")}/${sub}` : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined`: no network, or a server that is not there. */
async function inTime(fresh: Promise<Response>, ms: number): Promise<Response | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms));
  const response = await Promise.race([fresh, late]).catch(() => undefined);
  return response === undefined || response.status >= 502 ? undefined : response;
}

// ---------------------------------------------------------------------------------------------- notifications

interface Note {
  readonly title?: string;
  readonly body?: string;
  readonly tag?: string;
  readonly roomId?: string;
  readonly messageId?: string;
}

worker.addEventListener("push", (event) => {
  const { title, body, tag, roomId, messageId } = (event.data?.json() ?? {}) as Note;
  const shown = {
    body: body ?? "",
    icon: "/favicon.svg",
    data: { roomId, messageId },
    ...(tag && { tag, renotify: true }),
  };
  event.waitUntil(worker.registration.showNotification(title || "Stoa", shown));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { roomId, messageId } = (event.notification.data ?? {}) as Note;
  event.waitUntil(open(roomId, messageId));
});

/** In the page that is there, or in a new one. */
async function open(roomId: string | undefined, messageId: string | undefined): Promise<void> {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const found = windows.find(({ url }) => /^\/(r\/.*)?$/.test(new URL(url).pathname));
  if (found !== undefined) {
    found.postMessage({ type: "stoa-open", roomId, messageId });
    // Not every browser lets it.
    await found.focus().catch(() => undefined);
    return;
  }
  const path = roomId === undefined ? "/" : `/r/${encodeURIComponent(roomId)}`;
  await worker.clients.openWindow(messageId === undefined ? path : `${path}?m=${encodeURIComponent(messageId)}`);
}
