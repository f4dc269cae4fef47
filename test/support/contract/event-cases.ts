/** Connections that are no WebSockets, and what follows a person's erasure: statuses that need a case of their own. */
import { textAt } from "../json.ts";
import type { RestReply, TestServer } from "../server.ts";
import { type Cases, type ContractWorld, MEMBER, OWNER } from "./contract-world.ts";

/** A stream does not end by itself: only how it begins is looked at. */
async function begun(server: TestServer, token: string, query = ""): Promise<RestReply> {
  const ended = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.http}/v1/chat/events${query}`, { headers, signal: ended.signal });
  const { status } = response;
  const text = status === 200 ? "" : await response.text();
  ended.abort();
  return { status, headers: response.headers, text, body: text === "" ? {} : JSON.parse(text) };
}

/** Their connection for polling. */
async function polling(world: ContractWorld): Promise<string> {
  return textAt(await world.done(MEMBER, "POST", "/events/poll", { waitMs: 0 }), "connectionId");
}

const frames = { frames: [{ type: "ping" }] };

export const EVENT_CASES: Cases = {
  "GET /v1/chat/events 200": (world) => begun(world.server, world.token(MEMBER)),
  "GET /v1/chat/events 400": (world) => begun(world.server, world.token(MEMBER), "?format=smoke"),
  "GET /v1/chat/events 429": async (world) => {
    const token = world.strict.token({ user: "stream_again" });
    await begun(world.strict, token);
    return begun(world.strict, token);
  },
  "POST /v1/chat/events/{connectionId} 202": async (world) =>
    world.rest(MEMBER, "POST", `/events/${encodeURIComponent(await polling(world))}`, frames),
  "POST /v1/chat/events/{connectionId} 404": (world) => world.rest(MEMBER, "POST", "/events/nobody", frames),
  "DELETE /v1/chat/events/{connectionId} 200": async (world) =>
    world.rest(MEMBER, "DELETE", `/events/${encodeURIComponent(await polling(world))}`),
  "DELETE /v1/chat/events/{connectionId} 404": (world) => world.rest(MEMBER, "DELETE", "/events/nobody"),
  "GET /v1/chat/admin/erasures/{erasureId} 200": async (world) => {
    const begunErasure = await world.done(OWNER, "POST", "/admin/erasures", { userId: "nobody_there" });
    return world.rest(OWNER, "GET", `/admin/erasures/${textAt(begunErasure, "erasureId")}`);
  },
  "GET /v1/chat/admin/erasures/{erasureId} 404": (world) => world.rest(OWNER, "GET", "/admin/erasures/0f"),
  "GET /v1/chat/search 404": (world) => {
    // That server keeps no index.
    const token = world.strict.token({ user: "searcher" });
    return world.strict.rest("GET", "/v1/chat/search?q=word", { token });
  },
  "GET /v1/chat/rooms/{roomId}/search 403": async (world) => {
    const { roomId } = await world.place();
    await world.done(OWNER, "POST", `/rooms/${roomId}/bans`, { userId: MEMBER });
    return world.rest(MEMBER, "GET", `/rooms/${roomId}/search?q=word`);
  },
};
