/** A tenant's feed over REST, as tests read it. */
import { at, listAt, textAt } from "./json.ts";
import type { RestReply, TestServer } from "./server.ts";

export class FeedClient {
  readonly #server: TestServer;
  readonly #token: string;

  constructor(server: TestServer, tenant?: string) {
    this.#server = server;
    this.#token = server.token({ user: "root", role: "admin", ...(tenant !== undefined && { tenant }) });
  }

  /** As the administrator of the tenant. */
  rest(method: string, path: string, body?: unknown): Promise<RestReply> {
    return this.#server.rest(method, `/v1/chat${path}`, { token: this.#token, ...(body !== undefined && { body }) });
  }

  /** Must succeed. */
  async done(method: string, path: string, body?: unknown): Promise<unknown> {
    const reply = await this.rest(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body.data;
  }

  /** From a cursor on, until nothing follows for `waitSeconds`, or `isEnough`. */
  async read(query: string, isEnough: (events: readonly unknown[]) => boolean, waitSeconds = 5) {
    const events: unknown[] = [];
    for (let after = query; ; ) {
      const page = await this.done("GET", `/admin/events?${after}&wait=${waitSeconds}`);
      events.push(...listAt(page, "events"));
      const cursor = textAt(page, "pagination.after");
      const isEnd = listAt(page, "events").length === 0 && at(page, "pagination.hasMore") === false;
      if (isEnd || isEnough(events)) return { events, after: cursor };
      after = `${query.replace(/(^|&)(after|from|since)=[^&]*/, "")}&after=${cursor}`;
    }
  }

  /** A room's own events. */
  async room(roomId: string): Promise<readonly unknown[]> {
    const events: unknown[] = [];
    for (let after = 0; ; ) {
      const page = await this.done("GET", `/rooms/${roomId}/events?limit=500&after=${after}`);
      events.push(...listAt(page, "events"));
      after = Number(at(page, "pagination.after"));
      if (at(page, "pagination.hasMore") === false) return events;
    }
  }
}

/** `room seq type` of each. */
export function eventNames(events: readonly unknown[]): readonly string[] {
  return events.map((event) => `${textAt(event, "roomId")} ${String(at(event, "seq"))} ${textAt(event, "type")}`);
}
