/** An answer that grows, as the SDK's timelines show it over each transport, while the network is cut in the middle of it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { StoaClient } from "../../src/client/client.ts";
import { Timeline } from "../../src/client/timeline.ts";
import type { TransportName } from "../../src/client/types.ts";
import { TcpFaultProxy } from "../chaos/tcp-fault-proxy.ts";
import { assistedRoom } from "../support/assistant-steps.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { TestServer } from "../support/server.ts";

const provider = new ProviderServer();
let server: TestServer;
let proxy: TcpFaultProxy;
const clients: StoaClient[] = [];

beforeAll(async () => {
  server = await TestServer.start({ env: { ...provider.env, AI_RESPONSE_TIMEOUT: "60000" } });
  proxy = await TcpFaultProxy.start(server.port);
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await proxy?.stop();
  await server?.dispose();
  await provider.stop();
});

async function watch(user: string, room: string, transport: TransportName, url = server.http): Promise<Timeline> {
  const client = new StoaClient({ url, token: () => server.token({ user }), transports: [transport] });
  clients.push(client);
  void client.connect();
  await eventually(async () => expect(client.status.state).toBe("open"));
  await client.join(room);
  return new Timeline(client, room);
}

const shown = ({ state }: Timeline) => {
  const { content, answer } = state.messages.at(-1) ?? {};
  return [content, answer?.state];
};

test.each(["websocket", "sse", "poll"] as const)(
  "over %s, those who are cut off and those who come late have what the others have",
  async (transport) => {
    const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }), wire: "json" });
    const room = await assistedRoom(ann);
    const lines = [
      await watch("bob", room, transport),
      await watch("cleo", room, transport, `http://127.0.0.1:${proxy.port}`),
    ];
    const all = (text: string, state: string): Promise<void> =>
      eventually(async () => expect(lines.map(shown)).toEqual(lines.map(() => [text, state])));
    const cut = (): void => {
      proxy.cut();
      proxy.heal();
    };
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const [second, third, end] = gates.map(({ promise }) => ({ until: promise }));
    if (second === undefined || third === undefined || end === undefined) throw new Error("there are three gates");
    provider.next("gemini", [
      { text: "Eins 😀 " },
      second,
      { text: "zwei " },
      third,
      { text: "drei" },
      end,
      { cut: true },
    ]);
    provider.next("openai", [{ text: "One, " }, { text: "two." }]);
    await ann.say(room, "@ai count");
    await all("Eins 😀 ", "streaming");
    cut();
    gates[0]?.resolve();
    await all("Eins 😀 zwei ", "streaming");
    gates[1]?.resolve();
    await all("Eins 😀 zwei drei", "streaming");
    lines.push(await watch("dora", room, transport));
    await all("Eins 😀 zwei drei", "streaming");
    cut();
    gates[2]?.resolve();
    await all("One, two.", "complete");
    await ann.close();
  },
  60_000,
);
