/** Positions of followers behind the network and bad days of `sim-store.ts`. */
import type { FollowStore } from "../../src/storage/follow-store.ts";
import { MemoryFollowStore } from "../../src/storage/memory/memory-follow-store.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimStore } from "./sim-store.ts";

export class SimFollowStore implements FollowStore {
  readonly #store: SimStore;
  readonly #process: SimProcess;
  readonly #inner: MemoryFollowStore;

  constructor(store: SimStore, process: SimProcess) {
    this.#store = store;
    this.#process = process;
    this.#inner = new MemoryFollowStore(store.memory, (run) => run());
  }

  positions(...[consumer, logs, done]: Parameters<FollowStore["positions"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.positions(consumer, logs, answer));
  }

  move(...[consumer, log, from, to, done]: Parameters<FollowStore["move"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.move(consumer, log, from, to, answer));
  }

  openLogs(...[after, limit, done]: Parameters<FollowStore["openLogs"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.openLogs(after, limit, answer));
  }

  allLogs(...[after, limit, done]: Parameters<FollowStore["allLogs"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.allLogs(after, limit, answer));
  }

  closeLog(...[known, done]: Parameters<FollowStore["closeLog"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.closeLog(known, answer));
  }
}
