/** What the contract test asks: a real server, people, and as many rooms as there are cases, so that no case meets another. */
import { textAt } from "../json.ts";
import { REST_CASES } from "../isolation-cases.ts";
import type { RestReply, TestServer } from "../server.ts";

/** Of the OpenAPI document. */
export interface Documented {
  readonly name: string;
  readonly statuses: readonly number[];
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
  readonly hasBody: boolean;
}

/** A room with a message, whose owner is `OWNER`; `MEMBER` is a member. */
export interface Place {
  readonly roomId: string;
  readonly messageId: string;
  /** A code for the room. */
  readonly invite: string;
}

export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `undefined`: none. */
  readonly token?: string | undefined;
}

export const OWNER = "ann";
export const MEMBER = "bob";
export const GUEST = "carl";

export class ContractWorld {
  readonly server: TestServer;
  /** Another one: a user may ask and connect once in a long while, and there is no search. */
  readonly strict: TestServer;
  #rooms = 0;
  #door: Promise<Place> | undefined;

  constructor(server: TestServer, strict: TestServer) {
    this.server = server;
    this.strict = strict;
  }

  token(user: string): string {
    return this.server.token({ user, name: user, ...(user === OWNER ? { role: "admin" } : {}) });
  }

  rest(user: string, method: string, path: string, body?: unknown): Promise<RestReply> {
    const given = body === undefined ? {} : { body };
    return this.server.rest(method, `/v1/chat${path}`, { token: this.token(user), ...given });
  }

  /** Must succeed. */
  async done(user: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const reply = await this.rest(user, method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body.data;
  }

  async place(settings: object = {}): Promise<Place> {
    this.#rooms += 1;
    const roomId = `contract_${this.#rooms}`;
    await this.done(OWNER, "POST", "/rooms", { roomId, name: roomId, type: "public", ...settings });
    await this.done(OWNER, "POST", `/rooms/${roomId}/members`, { userId: MEMBER });
    const [sent, invited] = [
      await this.done(OWNER, "POST", `/rooms/${roomId}/messages`, { content: "hello" }),
      await this.done(OWNER, "POST", `/rooms/${roomId}/invites`, {}),
    ];
    return { roomId, messageId: textAt(sent, "messageId"), invite: textAt(invited, "invite") };
  }

  /** The same one for all who are refused before anything is done. */
  door(): Promise<Place> {
    this.#door ??= this.place();
    return this.#door;
  }

  /** The request of `REST_CASES`, at this place. */
  at(operation: string, place: Place, asked: Asked): Promise<RestReply> {
    const usual = REST_CASES[operation] ?? {};
    const [method = "", path = ""] = operation.split(" ");
    const params: Readonly<Record<string, string>> = {
      ...place,
      userId: MEMBER,
      heldId: place.messageId,
      emoji: "👍",
      ...usual.params,
      ...asked.params,
    };
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? `no_${name}`));
    const given = "body" in asked ? asked.body : usual.body;
    const body = asked.headers === undefined ? given : withoutKey(given);
    return this.server.rest(method, filled + (asked.query ?? usual.query ?? ""), {
      ...(asked.token === undefined ? {} : { token: asked.token }),
      ...(body === undefined || method === "GET" ? {} : { body: inRoom(body, place.roomId) }),
      ...(asked.headers === undefined ? {} : { headers: asked.headers }),
    });
  }
}

/** Bodies that name a room name this place's. */
function inRoom(body: unknown, roomId: string): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body) || !("roomId" in body)) return body;
  return { ...body, roomId };
}

/** The key is in the header. */
function withoutKey(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("clientId" in body)) return body;
  const { clientId: _clientId, ...rest } = body;
  return rest;
}

/** One status of one operation, produced. */
export type Produce = (world: ContractWorld) => Promise<RestReply>;
/** By operation and status: `GET /v1/chat/rooms 200`. */
export type Cases = Readonly<Record<string, Produce>>;
