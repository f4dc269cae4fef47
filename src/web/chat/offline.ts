/** The page's side of its service worker: offline reading, and notifications while the page is closed. */
import { go } from "./router.ts";
import type { Session } from "./session.ts";

const WORKER = "/service-worker.js";
const KEY_PATH = "/v1/chat/me/push-subscriptions/key";
const PATH = "/v1/chat/me/push-subscriptions";
const PAGE = 50;

/** A browser that forbids pages to keep anything may forbid even to look: then there is no worker, and the page is the same. */
function workersHere(): ServiceWorkerContainer | undefined {
  try {
    return navigator.serviceWorker as ServiceWorkerContainer | undefined;
  } catch {
    return undefined;
  }
}

/** Where browsers allow it: over https, and on this machine. */
export function startWorker(): void {
  const workers = workersHere();
  if (workers === undefined) return;
  workers.register(WORKER).catch(() => undefined);
  workers.addEventListener("message", ({ data }) => {
    const { type, roomId, messageId } = (data ?? {}) as { type?: string; roomId?: string; messageId?: string };
    if (type === "stoa-open" && roomId !== undefined) go({ roomId, ...(messageId !== undefined && { messageId }) });
  });
}

/** What was loaded before the worker stood is read once more, so that it is kept, too. */
export function keepWhatIsShown({ client }: Session, roomId: string | undefined): void {
  const workers = workersHere();
  if (workers === undefined || workers.controller !== null) return;
  const keep = (): void => {
    // A list that is being read now may have been asked for before the worker stood: once more, when it is there.
    const again = (): unknown => client.loadRooms();
    client
      .loadRooms()
      .then(again, again)
      .catch(() => undefined);
    if (roomId !== undefined) client.messages(roomId, { limit: PAGE }).catch(() => undefined);
  };
  workers.addEventListener("controllerchange", keep, { once: true });
}

export type PushState = "impossible" | "off" | "on" | "denied";

/** Of this browser. `impossible`: it can't be, or the server does not. */
export async function pushState({ client }: Session): Promise<PushState> {
  if (!("PushManager" in globalThis) || workersHere() === undefined) return "impossible";
  const { isAvailable } = await client.rest<{ readonly isAvailable: boolean }>("GET", KEY_PATH);
  if (!isAvailable) return "impossible";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ? "on" : "off";
}

export async function subscribe({ client }: Session): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Error("This browser does not allow notifications.");
  const { publicKey } = await client.rest<{ readonly publicKey: string }>("GET", KEY_PATH);
  const { pushManager } = await navigator.serviceWorker.ready;
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
  await client.rest("PUT", PATH, made.toJSON());
}

/** The server notices when it tells it the next time. */
export async function unsubscribe(): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe();
}
