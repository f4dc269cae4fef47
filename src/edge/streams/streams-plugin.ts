/**
 * Chat without WebSockets: Server-Sent Events down, or long polling; frames up by requests. Where a connection begins, its end
 * and its rooms are said here; what it is told comes from `EventStreams`.
 */
import type { Server } from "bun";
import { Elysia, t } from "elysia";
import { type ConnectionId, parseId, type RoomId, type Seq } from "../../base/ids.ts";
import {
  POLL_CURSOR_BYTES_MAX,
  POLL_WAIT_MS_MAX,
  POSTED_FRAMES_MAX,
  STREAM_CURSOR_BYTES_MAX,
  STREAM_ROOMS_NAMED_MAX,
} from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { CODECS, type CodecId } from "../../protocol/codec.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { readCursor } from "./cursor.ts";
import { directBody, type SinkOwner } from "./direct-body.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import type { EventStreams, GivenCursor, StreamWish } from "./event-streams.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { queryOf } from "../rest/query.ts";
import { isOriginAllowed } from "../origins.ts";
import { pollJson } from "./poll-json.ts";
import type { PollAnswer } from "./poll-session.ts";
import type { Rates } from "../rates/rates.ts";
import { identify, remoteOf, type SocketRules, USER_AGENT_LENGTH_MAX, withinRate } from "../sockets/socket-plugin.ts";

/** What is asked of `EventStreams`. */
type Streams = Pick<EventStreams, "admits" | "poll" | "forsake"> & {
  readonly posted: Pick<EventStreams["posted"], "post">;
  listen(...wish: Parameters<EventStreams["listen"]>): SinkOwner;
};

export interface StreamOptions {
  readonly streams: Streams;
  /** The server is not about to stop. */
  readonly isReady: () => boolean;
}

/** Text codecs by the name that a client asks for. */
const FORMATS = { json: CODECS.json, camel: CODECS.camel, snake: CODECS.snake } as const;
const POLL_WAIT_MS_DEFAULT = 25_000;
/** What an answer may take beyond a poll's wait, seconds. */
const POLL_SLACK_SECONDS = 10;
const STOPPING: Rejection = { code: "shutting_down", retryAfterMs: 1_000 };

const FORBIDDEN_ORIGIN: Rejection = {
  code: "forbidden",
  field: "origin",
  message: "This page may not connect to this server.",
};
const STREAM_PARAMETERS = {
  token: "Instead of the bearer header, which `EventSource` can't send",
  room: "A room to listen to; may be given several times",
  cursor: "From where to go on, as `Last-Event-ID`; `off`: the client keeps its positions itself",
  format: "`json` (default), `camel` or `snake`",
} as const;

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  // For caches, and for proxies that would gather what they pass on.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
} as const;

const format = t.Optional(t.Union([t.Literal("json"), t.Literal("camel"), t.Literal("snake")]));
const pollBody = t.Object({
  cursor: t.Optional(t.String({ maxLength: 2 * POLL_CURSOR_BYTES_MAX })),
  rooms: t.Optional(t.Array(t.String(), { maxItems: STREAM_ROOMS_NAMED_MAX })),
  waitMs: t.Optional(t.Integer({ minimum: 0, maximum: POLL_WAIT_MS_MAX })),
  format,
});
const framesBody = t.Object({
  frames: t.Array(t.Object({ type: t.String() }, { additionalProperties: true }), {
    minItems: 1,
    maxItems: POSTED_FRAMES_MAX,
  }),
});
const connectionParams = t.Object({ connectionId: t.String({ minLength: 1, maxLength: 128 }) });

export interface StreamsOptions extends StreamOptions {
  readonly rules: SocketRules;
  /** How often one may connect. */
  readonly connects: Pick<Rates, "attempt" | "connect">;
}

export function streamsPlugin(prefix: string, options: PluginOptions) {
  return new Elysia({ prefix, detail: { tags: ["events"] } })
    .onError((context) => answerError(context, options.log))
    .use(streamPlugin(options))
    .use(requestsPlugin(options));
}

/** Browsers' `EventSource` can set no header: it may bring its token in the address. */
function streamPlugin(options: PluginOptions) {
  return new Elysia().get(
    "/events",
    async ({ request, server, set }) => {
      const opened = await openStream(options, request, server);
      return opened.ok ? opened.value : refuse(set, opened.error);
    },
    {
      detail: {
        summary: "Events as Server-Sent Events, with a bearer header or ?token=",
        parameters: Object.entries(STREAM_PARAMETERS).map(([name, description]) => ({
          name,
          in: "query" as const,
          description,
          schema: { type: "string" as const },
        })),
      },
    },
  );
}

async function openStream(
  { auth, streams, isReady, rules, connects }: PluginOptions,
  request: Request,
  server: Server<unknown> | null,
): Promise<Result<Response, Rejection>> {
  const { headers, url } = request;
  if (!isReady()) return err(STOPPING);
  const from = fromOf(request, server, rules.trustProxy);
  const waitMs = connects.attempt(from.remote);
  if (waitMs > 0) return err({ code: "rate_limited", retryAfterMs: waitMs });
  if (!isOriginAllowed(headers.get("origin"), headers.get("host"), rules)) return err(FORBIDDEN_ORIGIN);
  const verified = withinRate(await identify(auth, request, rules.queryToken), connects);
  if (!verified.ok) return verified;
  if (verified.value === undefined) return err({ code: "unauthorized" });
  const query = queryOf(url);
  const codec = codecOf(query.get("format"));
  if (codec === undefined) return err(wrong("format", `one of ${Object.keys(FORMATS).join(", ")}`));
  const withCursor = query.get("cursor") !== "off";
  const text = headers.get("last-event-id") || (withCursor ? query.get("cursor") : null);
  const wish = wishOf(query.getAll("room"), givenCursor(text, STREAM_CURSOR_BYTES_MAX));
  if (!wish.ok) return wish;
  const rejection = streams.admits(verified.value.principal);
  if (rejection !== undefined) return err(rejection);
  const { rooms } = wish.value;
  const arrival = { ...from, ...verified.value, codec };
  // It says something every few seconds, and lasts.
  server?.timeout(request, 0);
  const body = directBody((sink) => streams.listen({ arrival, rooms }, sink, withCursor));
  return ok(new Response(body, { headers: STREAM_HEADERS }));
}

type PluginOptions = RestOptions & StreamsOptions;

function requestsPlugin(options: PluginOptions) {
  const { streams, isReady, rules } = options;
  return new Elysia()
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/events/poll",
      async ({ verified, body, request, server, set }) => {
        if (!isReady()) return refuse(set, STOPPING);
        const waitMs = body.waitMs ?? POLL_WAIT_MS_DEFAULT;
        const wish = wishOf(body.rooms ?? [], givenCursor(body.cursor, POLL_CURSOR_BYTES_MAX));
        if (!wish.ok) return refuse(set, wish.error);
        const { rooms, cursor } = wish.value;
        const codec = FORMATS[body.format ?? "json"];
        const arrival = { ...fromOf(request, server, rules.trustProxy), ...verified, codec };
        server?.timeout(request, Math.ceil(waitMs / 1_000) + POLL_SLACK_SECONDS);
        const answered = await pollFor(streams, { arrival, rooms }, cursor, waitMs, request.signal);
        if (!answered.ok) return refuse(set, answered.error);
        const headers = { "content-type": "application/json", "cache-control": "no-store" };
        return new Response(pollJson(answered.value), { headers });
      },
      { body: pollBody, detail: { summary: "What happened since the cursor, or as soon as something happens" } },
    )
    .post(
      "/events/:connectionId",
      async ({ principal, params, body, set }) => {
        const frames = body.frames.map((frame) => JSON.stringify(frame));
        const posted = await streams.posted.post(principal, params.connectionId as ConnectionId, frames, false);
        return answer(set, posted, () => ({ accepted: frames.length }), 202);
      },
      {
        params: connectionParams,
        body: framesBody,
        detail: {
          summary: "Frames of a client without a WebSocket; they are answered in its stream, or by its next poll",
        },
      },
    )
    .delete(
      "/events/:connectionId",
      async ({ principal, params, set }) => {
        const posted = await streams.posted.post(principal, params.connectionId as ConnectionId, [], true);
        return answer(set, posted, () => ({}));
      },
      { params: connectionParams, detail: { summary: "End a connection of yours that is no WebSocket" } },
    );
}

function pollFor(
  streams: Streams,
  wish: StreamWish,
  cursor: GivenCursor | undefined,
  waitMs: number,
  signal: AbortSignal,
): Promise<Result<PollAnswer, Rejection>> {
  return new Promise((resolve) => {
    const answered = (given: PollAnswer): void => resolve(ok(given));
    const begun = streams.poll(wish, cursor, waitMs, answered);
    if (!begun.ok) return resolve(begun);
    signal.addEventListener("abort", () => streams.forsake(answered));
  });
}

/** Own names only: an object also answers to `constructor` and the like. */
function codecOf(name: string | null): CodecId | undefined {
  const format = name ?? "json";
  return Object.hasOwn(FORMATS, format) ? FORMATS[format as keyof typeof FORMATS] : undefined;
}

function fromOf(request: Request, server: Server<unknown> | null, trustProxy: boolean) {
  return {
    remote: server === null ? "" : remoteOf(request, server, trustProxy),
    userAgent: (request.headers.get("user-agent") ?? "").slice(0, USER_AGENT_LENGTH_MAX),
  };
}

/** `null`: it was no cursor. */
function givenCursor(text: string | null | undefined, bytesMax: number): GivenCursor | undefined | null {
  if (text == null || text === "") return undefined;
  const value = readCursor(text, bytesMax);
  return value === undefined ? null : { text, value };
}

/** A cursor knows better than the address with which the first connection was opened. */
function wishOf(
  named: readonly string[],
  cursor: GivenCursor | undefined | null,
): Result<
  { readonly rooms: ReadonlyMap<RoomId, Seq | undefined>; readonly cursor: GivenCursor | undefined },
  Rejection
> {
  if (cursor === null) return err(wrong("cursor", "one that this server gave"));
  if (cursor !== undefined) return ok({ rooms: cursor.value.rooms, cursor });
  const rooms = new Map<RoomId, undefined>();
  for (const name of named) {
    const room = parseId<RoomId>(name);
    if (room === undefined || rooms.size >= STREAM_ROOMS_NAMED_MAX) {
      return err(wrong("rooms", `up to ${STREAM_ROOMS_NAMED_MAX} room ids`));
    }
    rooms.set(room, undefined);
  }
  return ok({ rooms, cursor });
}

function wrong(field: string, accepted: string): Rejection {
  return { code: "invalid_field", field, message: `The field "${field}" is not acceptable: give ${accepted}.` };
}
