/** The first page: what this server is and where to go on. */
import { Elysia } from "elysia";
import { htmlPage, htmlResponse } from "../rest/html.ts";

const PAGE = htmlPage(
  "Stoa",
  `<h1>Stoa</h1>
<p>A realtime chat engine. This server is running.</p>
<table>
<tr><td><a href="/docs">/docs</a></td><td>the REST interface; for tools: <a href="/docs/json">/docs/json</a></td></tr>
<tr><td><code>/chat</code></td><td>WebSocket, JSON; subprotocols <code>stoa.v1.json</code> and <code>stoa.v1.msgpack</code></td></tr>
<tr><td><code>/api/v1/ws/chat</code></td><td>WebSocket, JSON with snake_case names</td></tr>
<tr><td><a href="/api/health">/api/health</a></td><td>how it is doing</td></tr>
</table>
<p>A token for a first try: <code>bun run token --user usr_1 --name "One"</code></p>`,
);

export function homePlugin() {
  return new Elysia().get("/", () => htmlResponse(PAGE), { detail: { hide: true } });
}
