/**
 * One person's page under a network that is cut: the SDK, and a store that outlives the page. The same code runs in Bun, in Node and in
 * Chromium, where it is bundled for; `client-cuts.ts` says what the person does.
 * Invariant: what was told is in the store before the next event is told, so that a reload goes on where the page was.
 */
import type { StoaClient } from "../../src/client/client.ts";
import type { ShownMessage, Timeline } from "../../src/client/timeline.ts";
import type { ClientOptions, OutboxStorage, TransportName } from "../../src/client/types.ts";
import type { PageReport, Shown, Told } from "./cut-check.ts";

export interface PageOptions {
  readonly url: string;
  readonly token: string;
  readonly transport: TransportName;
  readonly rooms: readonly string[];
}
export interface PageState {
  readonly state: string;
  readonly pending: number;
  readonly positions: Readonly<Record<string, number>>;
}
/** One that answers at once. */
export interface PageStore extends OutboxStorage {
  getItem(key: string): string | null;
}
/** As built, or as it stands in the source. */
export interface Sdk {
  readonly StoaClient: typeof StoaClient;
  readonly Timeline: typeof Timeline;
  readonly WebSocket?: ClientOptions["WebSocket"];
}

/** Behind what was said first, with a number. */
export const EDITED = " (edited";
/** No message is given up for another one: all are compared in the end. */
const MESSAGES_MAX = 1_000_000;

export class CutPage {
  readonly #store: PageStore;
  readonly #rooms: readonly string[];
  readonly #client: StoaClient;
  readonly #timelines: ReadonlyMap<string, Timeline>;
  readonly #gaps: unknown[] = [];

  constructor(sdk: Sdk, store: PageStore, { url, token, transport, rooms }: PageOptions) {
    this.#store = store;
    this.#rooms = rooms;
    const sockets = sdk.WebSocket === undefined ? {} : { WebSocket: sdk.WebSocket };
    const client = new sdk.StoaClient({ url, token, transports: [transport], storage: store, ...sockets });
    this.#client = client;
    client.on("event", ({ roomId, event }) => {
      const count = Number(store.getItem(`count ${roomId}`) ?? 0);
      store.setItem(`event ${roomId} ${count}`, JSON.stringify([event.seq, event.type]));
      store.setItem(`count ${roomId}`, String(count + 1));
    });
    client.on("gap", (gap) => this.#gaps.push(gap));
    const options = { messagesMax: MESSAGES_MAX };
    this.#timelines = new Map(rooms.map((room) => [room, new sdk.Timeline(client, room, options)]));
    void client.connect();
    for (const room of rooms) {
      const from = this.#seen(room).at(-1)?.[0];
      client.join(room, from === undefined ? {} : { from }).catch(() => undefined);
    }
  }

  say(room: string, text: string): void {
    this.#client.send(room, text).catch(() => undefined);
  }

  /** Edits the newest message of one's own, or reacts to the newest of all. */
  touch(room: string, edit: number | null, emoji: string | null): void {
    const messages = this.#messages(room);
    const own = messages.findLast(({ authorId }) => authorId === this.#client.userId);
    const newest = messages.at(-1);
    if (edit !== null && own !== undefined) {
      const content = `${own.content.split(EDITED)[0]}${EDITED} ${edit})`;
      this.#ask({ type: "edit_message", roomId: room, messageId: own.messageId, content });
    }
    if (emoji !== null && newest !== undefined) {
      this.#ask({ type: "message_reaction", roomId: room, messageId: newest.messageId, emoji });
    }
  }

  mark(room: string, seq?: number): void {
    this.#client.markRead(room, seq);
  }

  state(): PageState {
    const { status, pending } = this.#client;
    const positions = Object.fromEntries(this.#rooms.map((room) => [room, this.#client.position(room) ?? 0]));
    return { state: status.state, pending: pending.length, positions };
  }

  report(): PageReport {
    const of = <Value>(read: (room: string) => Value): Readonly<Record<string, Value>> =>
      Object.fromEntries(this.#rooms.map((room) => [room, read(room)]));
    return {
      pending: this.#client.pending.length,
      failed: this.#client.failed,
      gaps: this.#gaps,
      seen: of((room) => this.#seen(room)),
      unread: of((room) => this.#client.unread(room).unread),
      messages: of((room) => this.#messages(room).map(shownOf)),
    };
  }

  close(): void {
    for (const timeline of this.#timelines.values()) timeline.close();
    this.#client.close();
  }

  #ask(frame: Parameters<StoaClient["request"]>[0]): void {
    this.#client.request(frame).catch(() => undefined);
  }

  /** Those that are in the room. */
  #messages(room: string): readonly ShownMessage[] {
    return (this.#timelines.get(room)?.state.messages ?? []).filter(({ seq }) => seq !== undefined);
  }

  #seen(room: string): readonly Told[] {
    const count = Number(this.#store.getItem(`count ${room}`) ?? 0);
    return Array.from({ length: count }, (_, i) => JSON.parse(this.#store.getItem(`event ${room} ${i}`) ?? "") as Told);
  }
}

function shownOf({ seq = 0, content, reactions = {} }: ShownMessage): Shown {
  const counts = Object.entries(reactions).map(([emoji, { count }]) => `${emoji} ${count}`);
  return [seq, content, counts.sort().join()];
}
