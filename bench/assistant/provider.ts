/**
 * A provider for the benchmark, in a process of its own: OpenAI's streaming chat completions. The first piece of each answer is the
 * time at which it was written, so that whoever reads it knows how long it was under way. Prints its port.
 */
export {};

const rate = Number(process.argv[2] ?? 25);
const seconds = Number(process.argv[3] ?? 10);

const FIRST_MS = 300;
const PIECE = " word";

function chunk(content: string | undefined, end: string | null = null): string {
  const delta = content === undefined ? {} : { content };
  const choices = [{ index: 0, delta, finish_reason: end }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
}

const PIECE_CHUNK = new TextEncoder().encode(chunk(PIECE));
const END_CHUNK = new TextEncoder().encode(`${chunk(undefined, "stop")}data: [DONE]\n\n`);

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 0,
  async fetch(request) {
    await request.arrayBuffer();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        await Bun.sleep(FIRST_MS);
        controller.enqueue(new TextEncoder().encode(chunk(String(performance.timeOrigin + performance.now()))));
        const pieces = Math.round(rate * seconds);
        const beganMs = performance.now();
        for (let i = 1; i <= pieces && !request.signal.aborted; i += 1) {
          await Bun.sleep(Math.max(0, beganMs + (i * 1_000) / rate - performance.now()));
          if (request.signal.aborted) return;
          controller.enqueue(PIECE_CHUNK);
        }
        controller.enqueue(END_CHUNK);
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
console.log(server.port);
