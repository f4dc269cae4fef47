import { expect, test } from "bun:test";
import { directBody } from "../../../../src/edge/streams/direct-body.ts";
import type { EventSink } from "../../../../src/edge/streams/event-stream.ts";

const TEXT = new TextEncoder().encode("data: x\n\n");

test("what is said to a sink that has ended goes nowhere, and throws nothing at whoever says it", async () => {
  const opened = Promise.withResolvers<EventSink>();
  const body = directBody((sink) => {
    sink.write(TEXT);
    sink.flush();
    opened.resolve(sink);
    return { lost: () => undefined };
  });
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(body) });
  const response = await fetch(server.url);
  const sink = await opened.promise;
  sink.end();
  expect(await response.text()).toBe("data: x\n\n");
  expect(sink.write(TEXT)).toBe(0);
  expect(() => sink.flush()).not.toThrow();
  expect(() => sink.end()).not.toThrow();
  await server.stop(true);
});
