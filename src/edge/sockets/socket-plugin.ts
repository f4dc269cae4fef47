/**
 * From an HTTP request to a socket: origin, subprotocol, token, upgrade. Elysia's `.ws()` is not used: its wrapper costs
 * more per message than everything else together. Bun's socket calls the connection object directly instead.
 * Invariant: the subprotocol header is always ours, since Bun would echo the first one offered, whatever it is.
 */
import type { Server, ServerWebSocket } from "bun";
import { Elysia } from "elysia";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { type Codec, CODECS, type CodecId, SUBPROTOCOLS } from "../../protocol/codec.ts";
import { codecOfSubprotocol } from "../../protocol/codecs.ts";
import { errorFrame } from "../../protocol/error-frame.ts";
import { closeReasonOf, type Rejection } from "../../protocol/errors.ts";
import { type Auth, bearerToken, type Verified } from "../auth.ts";
import { BunSocket } from "./bun-socket.ts";
import { refuse } from "../rest/envelope.ts";
import { queryOf } from "../rest/query.ts";
import { isOriginAllowed, type OriginRules } from "../origins.ts";
import type { Rates } from "../rates/rates.ts";

/** What Bun's socket calls, as methods of `ws.data`. All synchronous: a rejected promise would end the process. */
export interface SocketHandler {
  open(ws: ServerWebSocket<unknown>): void;
  message(ws: ServerWebSocket<unknown>, data: string | Buffer): void;
  drain?(ws: ServerWebSocket<unknown>): void;
  close(ws: ServerWebSocket<unknown>, code: number, reason: string): void;
}

/** Who connects, and how. Without `principal` the first frame must be `auth`. */
export interface Arrival {
  readonly principal: Principal | undefined;
  /** Wall clock, milliseconds since 1970; `undefined` exactly when `principal` is. */
  readonly expiresAtMs: number | undefined;
  /** Of the token, where it says so. */
  readonly issuedAtMs?: number | undefined;
  readonly tokenId?: string | undefined;
  readonly codec: CodecId;
  /** The client's address. */
  readonly remote: string;
  readonly userAgent: string;
}

export interface SocketOptions {
  /** Makes the connection object. A rejection is answered as HTTP, before the upgrade. */
  accept(arrival: Arrival): Result<SocketHandler, Rejection>;
  readonly codecs: Readonly<Record<CodecId, Codec>>;
}

export interface SocketRules extends OriginRules {
  readonly queryToken: boolean;
  readonly trustProxy: boolean;
}

/** The codec of a client that names no subprotocol, by path. */
const PATHS = { "/chat": CODECS.camel, "/api/v1/ws/chat": CODECS.snake, "/ws/chat": CODECS.snake } as const;
export const USER_AGENT_LENGTH_MAX = 256;

export function socketPlugin(
  auth: Pick<Auth, "verifyToken">,
  sockets: SocketOptions,
  rules: SocketRules,
  rates: Pick<Rates, "attempt" | "connect">,
) {
  const app = new Elysia({ detail: { tags: ["socket"], security: [] } });
  for (const [path, codec] of Object.entries(PATHS)) {
    app.get(
      path,
      async ({ request, server, set }) => {
        const rejection = await upgrade(request, server, codec);
        return rejection === undefined ? undefined : refuseUpgrade(set, rejection);
      },
      { detail: { summary: "WebSocket: bearer header, ?token=, or an auth frame within five seconds" } },
    );
  }
  return app;

  /** Returns why not, or `undefined` when the socket has taken over. */
  async function upgrade(
    request: Request,
    server: Server<unknown> | null,
    plain: CodecId,
  ): Promise<Refusal | undefined> {
    const { headers } = request;
    if (headers.get("upgrade")?.toLowerCase() !== "websocket" || server === null) return "not_websocket";
    const remote = remoteOf(request, server, rules.trustProxy);
    // Whoever tries again and again is told so before anything is looked at that costs more.
    const waitMs = rates.attempt(remote);
    if (waitMs > 0) return { code: "rate_limited", retryAfterMs: waitMs };
    if (!isOriginAllowed(headers.get("origin"), headers.get("host"), rules)) return forbiddenOrigin;
    const chosen = chooseCodec(headers.get("sec-websocket-protocol"), plain);
    if (chosen === undefined) return unknownSubprotocol;
    const verified = withinRate(await identify(auth, request, rules.queryToken), rates);
    const handler = verified.ok
      ? sockets.accept({
          principal: verified.value?.principal,
          expiresAtMs: verified.value?.expiresAtMs,
          issuedAtMs: verified.value?.issuedAtMs,
          tokenId: verified.value?.tokenId,
          codec: chosen.id,
          remote,
          userAgent: (headers.get("user-agent") ?? "").slice(0, USER_AGENT_LENGTH_MAX),
        })
      : ok(new RefusedConnection(verified.error, sockets.codecs[chosen.id]));
    if (!handler.ok) return handler.error;
    const upgraded = server.upgrade(request, {
      data: handler.value,
      ...(chosen.name === undefined ? {} : { headers: { "sec-websocket-protocol": chosen.name } }),
    });
    return upgraded ? undefined : { code: "invalid_frame", message: "This is no complete WebSocket handshake." };
  }
}

type Refusal = Rejection | "not_websocket";
const forbiddenOrigin: Rejection = {
  code: "forbidden",
  field: "origin",
  message: "This page may not connect to this server.",
};
const unknownSubprotocol: Rejection = {
  code: "invalid_field",
  field: "sec-websocket-protocol",
  message: `Accepted are ${Object.values(SUBPROTOCOLS).join(", ")}, or none for plain JSON.`,
};

function refuseUpgrade(set: Parameters<typeof refuse>[0], refusal: Refusal) {
  if (refusal !== "not_websocket") return refuse(set, refusal);
  const body = refuse(set, { code: "invalid_frame", message: "Connect to this address with a WebSocket." });
  set.status = 426;
  set.headers["upgrade"] = "websocket";
  set.headers["connection"] = "upgrade";
  return body;
}

/** No offer is a wish for plain JSON. `undefined`: only unknown ones were offered. */
function chooseCodec(
  offered: string | null,
  plain: CodecId,
): { readonly id: CodecId; readonly name?: string } | undefined {
  return offered === null || offered.trim() === "" ? { id: plain } : codecOfSubprotocol(offered);
}

/** `undefined` for a client that brings no token: it is to send an `auth` frame. */
export async function identify(
  auth: Pick<Auth, "verifyToken">,
  request: Request,
  queryToken: boolean,
): Promise<Result<Verified | undefined, Rejection>> {
  const header = request.headers.get("authorization");
  const inQuery = queryOf(request.url).get("token");
  if (header === null && inQuery === null) return ok(undefined);
  if (header === null && !queryToken) {
    return {
      ok: false,
      error: { code: "unauthorized", message: "Tokens in the address are switched off on this server." },
    };
  }
  return auth.verifyToken(bearerToken(header) ?? (header === null ? (inQuery ?? "") : ""));
}

export function withinRate(
  verified: Result<Verified | undefined, Rejection>,
  rates: Pick<Rates, "connect">,
): Result<Verified | undefined, Rejection> {
  if (!verified.ok || verified.value === undefined) return verified;
  const retryAfterMs = rates.connect(verified.value.principal);
  return retryAfterMs === 0 ? verified : err({ code: "rate_limited", retryAfterMs });
}

export function remoteOf(request: Request, server: Server<unknown>, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() : undefined;
  return forwarded || (server.requestIP(request)?.address ?? "");
}

/**
 * Browsers hide the HTTP status of a refused upgrade. So a bad token gets a socket that says what is wrong and closes
 * with a code that says whether to come back; also whoever connects too often.
 */
class RefusedConnection implements SocketHandler {
  readonly #rejection: Rejection;
  readonly #codec: Codec;

  constructor(rejection: Rejection, codec: Codec) {
    this.#rejection = rejection;
    this.#codec = codec;
  }

  open(ws: ServerWebSocket<unknown>): void {
    const socket = new BunSocket(ws);
    const frame = errorFrame(this.#rejection, undefined, undefined);
    for (const data of this.#codec.encode(frame)) socket.send(data, this.#codec.text);
    socket.close(closeReasonOf(this.#rejection.code));
  }

  message(): void {
    // What a refused client says is not listened to.
  }

  close(): void {
    // Nothing was opened.
  }
}
