/**
 * Puts entries on a bus of EventBridge, in requests as the service takes them, and says of each what became of it.
 * Invariants: each entry is answered; what the service does not take now is tried a few times, what it refuses for what it is
 * is not: that is for whoever brings it to end.
 */
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import type { Clock } from "../base/clock.ts";
import {
  EVENTBRIDGE_ATTEMPTS_MAX,
  EVENTBRIDGE_BATCH_BYTES_MAX,
  EVENTBRIDGE_BATCH_MAX,
  EVENTBRIDGE_REQUEST_MS_MAX,
} from "../base/limits.ts";

export interface BusPlace {
  readonly region: string;
  readonly endpoint: string | undefined;
  /** A server of one's own and no key in the environment: such servers look at none. */
  readonly anyCredentials: boolean;
}

/** `away`: it may be taken later. `refused`: it will not be, as it is. `why` names no words of it. */
export type PutOutcome = { readonly kind: "taken" } | { readonly kind: "away" | "refused"; readonly why: string };

const TAKEN: PutOutcome = { kind: "taken" };
const PAUSE_MS = 500;
/** What an entry has beside its detail, for the bound of a request. */
const ENTRY_BYTES = 128;
/** Of an entry: nothing that it says is wrong. Without a code nobody knows. */
const NOT_NOW: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "InternalFailure",
  "InternalException",
  "ServiceUnavailable",
]);
/** Of a whole request: one of its entries is not as the service wants it. Anything else is about keys, the bus or the way there. */
const OF_ENTRIES: ReadonlySet<string> = new Set(["ValidationException", "InvalidArgument", "MalformedDetail"]);

export class EventBus {
  readonly #client: EventBridgeClient;
  readonly #clock: Clock;
  /** One was not taken by an attempt. */
  readonly #failed: (why: string) => void;

  constructor({ region, endpoint, anyCredentials }: BusPlace, clock: Clock, failed: (why: string) => void) {
    this.#clock = clock;
    this.#failed = failed;
    this.#client = new EventBridgeClient({
      region,
      maxAttempts: 1,
      requestHandler: new FetchHttpHandler({ keepAlive: true, requestTimeout: EVENTBRIDGE_REQUEST_MS_MAX }),
      ...(endpoint !== undefined && { endpoint }),
      ...(anyCredentials && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
    });
  }

  /** One request's worth: see `batchesOf`. By their places. */
  async put(batch: readonly PutEventsRequestEntry[]): Promise<readonly PutOutcome[]> {
    let outcomes: readonly PutOutcome[] = await this.#ask(batch);
    for (let attempt = 2; attempt <= EVENTBRIDGE_ATTEMPTS_MAX; attempt += 1) {
      const left = batch.filter((_, i) => outcomes[i]?.kind === "away");
      if (left.length === 0) break;
      await new Promise<void>((resolve) => this.#clock.after(PAUSE_MS * attempt, resolve));
      const again = [...(await this.#ask(left))];
      outcomes = outcomes.map((outcome) => (outcome.kind === "away" ? (again.shift() ?? outcome) : outcome));
    }
    return outcomes;
  }

  close(): void {
    this.#client.destroy();
  }

  async #ask(entries: readonly PutEventsRequestEntry[]): Promise<readonly PutOutcome[]> {
    try {
      const { Entries = [] } = await this.#client.send(new PutEventsCommand({ Entries: [...entries] }));
      return entries.map((_, i) => this.#outcomeOf(Entries[i]));
    } catch (error) {
      const why = error instanceof Error ? error.name : "error";
      if (!OF_ENTRIES.has(why)) return entries.map(() => this.#notTaken("away", why));
      if (entries.length === 1) return [this.#notTaken("refused", why)];
    }
    // Of such a request nothing was taken: alone each shows whether it was the one.
    const outcomes: PutOutcome[] = [];
    for (const entry of entries) outcomes.push(...(await this.#ask([entry])));
    return outcomes;
  }

  #outcomeOf(entry: { readonly EventId?: string | undefined; readonly ErrorCode?: string | undefined } | undefined) {
    if (entry?.EventId !== undefined) return TAKEN;
    const why = entry?.ErrorCode;
    return this.#notTaken(why === undefined || NOT_NOW.has(why) ? "away" : "refused", why ?? "not taken");
  }

  #notTaken(kind: "away" | "refused", why: string): PutOutcome {
    this.#failed(why);
    return { kind, why };
  }
}

/** As many as one request takes. */
export function batchesOf<Item extends { readonly entry: PutEventsRequestEntry }>(
  items: readonly Item[],
): readonly (readonly Item[])[] {
  const batches: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item.entry.Detail ?? "") + ENTRY_BYTES;
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= EVENTBRIDGE_BATCH_MAX || bytes + size > EVENTBRIDGE_BATCH_BYTES_MAX) {
      batches.push([item]);
      bytes = size;
    } else {
      batch.push(item);
      bytes += size;
    }
  }
  return batches;
}
