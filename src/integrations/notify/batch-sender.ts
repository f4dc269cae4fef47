/**
 * Gathers what is to be sent into requests of ten, as SQS and SNS take them. What comes while requests are under way waits for the
 * next one. Invariants: a bounded number of requests is under way; each entry is answered once.
 */
import { NOTIFY_BATCH_MAX, NOTIFY_BATCHES_AT_ONCE, NOTIFY_WAITING_MAX } from "../../base/limits.ts";
import type { Notification } from "../../domain/notify/notification.ts";
import type { SendOutcome } from "./notifier.ts";

/** What became of each, by its place. A rejected promise: `later`, all of them. */
export type SendBatch = (notifications: readonly Notification[]) => Promise<ReadonlyMap<number, SendOutcome>>;

interface Waiting {
  readonly notification: Notification;
  readonly answer: (outcome: SendOutcome) => void;
}

export class BatchSender {
  readonly #sendBatch: SendBatch;
  /** Never what was sent. */
  readonly #failed: (why: string) => void;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isDue = false;

  constructor(sendBatch: SendBatch, failed: (why: string) => void) {
    this.#sendBatch = sendBatch;
    this.#failed = failed;
  }

  send(notification: Notification): Promise<SendOutcome> {
    if (this.#waiting.length >= NOTIFY_WAITING_MAX) return Promise.resolve("later");
    return new Promise((resolve) => {
      this.#waiting.push({ notification, answer: resolve });
      if (this.#isDue) return;
      this.#isDue = true;
      // What is sent in the same turn goes together.
      setImmediate(() => {
        this.#isDue = false;
        this.#pump();
      });
    });
  }

  #pump(): void {
    while (this.#underWay < NOTIFY_BATCHES_AT_ONCE && this.#waiting.length > 0) {
      void this.#run(this.#waiting.splice(0, NOTIFY_BATCH_MAX));
    }
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#underWay += 1;
    const outcomes = await this.#sendBatch(batch.map(({ notification }) => notification)).catch((error: unknown) => {
      this.#failed(error instanceof Error ? error.name : "error");
      return new Map<number, SendOutcome>();
    });
    this.#underWay -= 1;
    for (const [place, { answer }] of batch.entries()) answer(outcomes.get(place) ?? "later");
    this.#pump();
  }
}

interface Entries {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly { readonly Id?: string | undefined; readonly SenderFault?: boolean | undefined }[]
    | undefined;
}

/** As both services say it: entries by the id that they were sent with, which is their place. */
export function outcomesOf({ Successful = [], Failed = [] }: Entries): ReadonlyMap<number, SendOutcome> {
  return new Map<number, SendOutcome>([
    ...Successful.map(({ Id }) => [Number(Id), "sent"] as const),
    // What is wrong with the entry itself stays so.
    ...Failed.map(({ Id, SenderFault }) => [Number(Id), SenderFault === true ? "refused" : "later"] as const),
  ]);
}
