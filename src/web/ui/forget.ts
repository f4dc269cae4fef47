/** What a service worker kept of somebody: see `worker/service-worker.ts`. */

const ANSWERS = "stoa-answers ";

/** Nobody is signed in any more: nothing of them stays, and this browser is told nothing. */
export async function forgetPerson(): Promise<void> {
  if ("caches" in globalThis) {
    for (const name of await caches.keys()) if (name.startsWith(ANSWERS)) await caches.delete(name);
  }
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.controller?.postMessage("stoa-signed-out");
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}
