/**
 * Requests to a room that wait for a read or a write, of all of its parts together. What is here when the activation ends has
 * no answer yet, and goes to the next one.
 */
import type { Done } from "../../storage/journal.ts";
import { answerRejection } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";

/** When to ask again what could not be read, milliseconds. */
const RETRY_MS = 500;

export class OpenRequests {
  readonly #env: ShardEnv;
  readonly #open = new Set<RoomRequest>();

  constructor(env: ShardEnv) {
    this.#env = env;
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  unanswered(): RoomRequest[] {
    return [...this.#open];
  }

  add(request: RoomRequest): void {
    this.#open.add(request);
  }

  delete(request: RoomRequest): void {
    this.#open.delete(request);
  }

  /** The request is open until what it waits for is there; a failure is its answer. */
  wait<Value>(request: RoomRequest, read: (done: Done<Value>) => void, then: (value: Value) => void): void {
    this.#open.add(request);
    read((result) => {
      if (!result.ok) return this.refuse(request);
      this.#open.delete(request);
      then(result.value);
    });
  }

  /** What it waited for cannot be had now. */
  refuse(request: RoomRequest): void {
    this.#open.delete(request);
    answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  }
}
