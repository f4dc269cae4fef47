/** The bus between nodes of one process. What it loses, repeats and delays is what its `MemoryCluster` was told to. */
import { BUS_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { Bus, BusEvents } from "../bus.ts";
import type { NodeId } from "../membership.ts";
import type { MemoryCluster } from "./memory-cluster.ts";

export class MemoryBus implements Bus {
  readonly #cluster: MemoryCluster;
  #self: NodeId | undefined;
  #queuedBytes = 0;

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  start(self: NodeId, events: BusEvents): void {
    this.#self = self;
    this.#cluster.clock.after(0, () => {
      // Stopped before it came up: there is nothing to open.
      if (this.#self !== self) return;
      this.#cluster.inboxes.set(self, events);
      if (this.#cluster.isBusUp(self)) events.changed(true);
    });
  }

  send(to: NodeId, message: Uint8Array): void {
    const self = this.#self;
    if (self === undefined || !this.#cluster.inboxes.has(self) || !this.#cluster.isBusUp(self)) return;
    if (this.#queuedBytes + message.length > BUS_QUEUE_BYTES_MAX) return;
    for (const delayMs of this.#cluster.carry(self, to, message.length)) {
      const copy = message.slice();
      this.#queuedBytes += copy.length;
      this.#cluster.clock.after(delayMs, () => {
        this.#queuedBytes -= copy.length;
        this.#cluster.deliver(to, copy);
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#self !== undefined) this.#cluster.inboxes.delete(this.#self);
    this.#self = undefined;
  }
}
