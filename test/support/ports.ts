/**
 * Ports for servers that must have the same one again after a restart, so that they cannot ask for any that is free.
 * They are below those that the kernel gives to connections and to port 0, and come from blocks: the first port of one is
 * listened on as long as this process lives, and says that the others are its own.
 * Invariant: no port is given twice, neither by this process nor by two that run at the same time.
 */
const FROM = 15_000;
const TO = 32_700;
const BLOCK = 25;
const BLOCKS = (TO - FROM) / BLOCK;
/** Ports of the documents, which tests put others in place of: none that looks like one of them. */
const LIKE_DOCUMENTED = /6379|8000|808\d/;

/** Of the block in use. */
let next = 0;
let end = 0;
const held: Bun.TCPSocketListener[] = [];

/** A port of 127.0.0.1 that nobody uses, and nobody else gets from here. */
export function claimPort(): number {
  for (;;) {
    if (next === end) claimBlock();
    const port = next;
    next += 1;
    const listener = LIKE_DOCUMENTED.test(String(port)) ? undefined : listenOn(port);
    listener?.stop(true);
    if (listener !== undefined) return port;
  }
}

/** The first of so many in a row. */
export function claimRow(count: number): number {
  let first = claimPort();
  for (let last = first; last - first < count - 1; ) {
    const port = claimPort();
    if (port !== last + 1) first = port;
    last = port;
  }
  return first;
}

function claimBlock(): void {
  const first = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i += 1) {
    const port = FROM + ((first + i) % BLOCKS) * BLOCK;
    const listener = listenOn(port);
    if (listener === undefined) continue;
    listener.unref();
    held.push(listener);
    next = port + 1;
    end = port + BLOCK;
    return;
  }
  throw new Error(`others have all ports from ${FROM} to ${TO}`);
}

/** `undefined`: somebody else has it. */
function listenOn(port: number): Bun.TCPSocketListener | undefined {
  try {
    return Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data: () => undefined } });
  } catch (error) {
    if ((error as { code?: string }).code === "EADDRINUSE") return undefined;
    throw error;
  }
}
