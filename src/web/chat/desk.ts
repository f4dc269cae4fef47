/**
 * What waits for the moderators of a room: reports, held messages, people who ask to be let in.
 * Invariant: one round of questions at a time; what is told meanwhile is asked once more behind it.
 */
import { signal } from "@preact/signals";
import type { StoaClient } from "../../client/client.ts";
import { roomPath } from "./paths.ts";

export interface HeldJson {
  readonly heldId: string;
  readonly author: string;
  readonly authorName?: string;
  readonly content: string;
  readonly heldAt: string;
  readonly finding?: { readonly rule: string; readonly reason: string };
}
export interface ReportJson {
  readonly reportId: string;
  readonly messageId?: string;
  readonly userId: string;
  readonly userAs?: string;
  readonly excerpt?: string;
  readonly openedAt: string;
  readonly count: number;
  readonly reporters: readonly { readonly by?: string; readonly reason: string; readonly details?: string }[];
}
export interface RequestJson {
  readonly userId: string;
  readonly displayName: string | null;
  readonly avatar: string | null;
  readonly at: string;
  readonly message: string | null;
}

export interface Waiting {
  readonly reports: readonly ReportJson[];
  readonly held: readonly HeldJson[];
  readonly requests: readonly RequestJson[];
}

export class Desk {
  readonly waiting = signal<Waiting | undefined>(undefined);
  readonly error = signal<string | undefined>(undefined);
  readonly #client: StoaClient;
  readonly #roomId: string;
  readonly #counted: (count: number) => void;
  #isReading = false;
  #isAskedAgain = false;

  constructor(client: StoaClient, roomId: string, counted: (count: number) => void) {
    this.#client = client;
    this.#roomId = roomId;
    this.#counted = counted;
    this.reload();
  }

  readonly reload = (): void => {
    this.#isAskedAgain = this.#isReading;
    if (!this.#isReading) void this.#read();
  };

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      const [{ reports }, { held }, { requests }] = await Promise.all([
        this.#list<Pick<Waiting, "reports">>("reports"),
        this.#list<Pick<Waiting, "held">>("held"),
        this.#list<Pick<Waiting, "requests">>("requests"),
      ]);
      this.waiting.value = { reports, held, requests };
      this.error.value = undefined;
      this.#counted(reports.length + held.length + requests.length);
    } catch (error) {
      this.error.value = (error as Error).message;
    }
    this.#isReading = false;
    if (this.#isAskedAgain) this.reload();
  }

  #list<Page>(name: keyof Waiting): Promise<Page> {
    return this.#client.rest<Page>("GET", roomPath(this.#roomId, `/${name}`));
  }
}
