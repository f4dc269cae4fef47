/**
 * The limit: Bun's own server and `publish`, and nothing else. No names, no checks, no order across rooms, no log.
 * The topic comes from the URL, so that a message is published as it came, unread.
 */
const server = Bun.serve<{ topic: string }>({
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"] ?? 0),
  fetch(request, self) {
    const topic = new URL(request.url).searchParams.get("room") ?? "lobby";
    if (self.upgrade(request, { data: { topic } })) return undefined;
    return new Response("ready");
  },
  websocket: {
    idleTimeout: 0,
    perMessageDeflate: false,
    open(ws) {
      ws.subscribe(ws.data.topic);
    },
    message(ws, data) {
      server.publish(ws.data.topic, data, false);
    },
  },
});
