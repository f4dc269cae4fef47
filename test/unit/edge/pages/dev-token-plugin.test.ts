/** Signing in by a mere name: what becomes of names, and from where it works. */
import { expect, test } from "bun:test";
import { devTokenPlugin } from "../../../../src/edge/pages/dev-token-plugin.ts";
import { listen } from "../../../../src/edge/listen.ts";

const minted: object[] = [];
const auth = {
  mintToken: (claims: object): Promise<string> => {
    minted.push(claims);
    return Promise.resolve("token");
  },
};

async function ask(body: object, headers: Record<string, string> = {}, who: "local" | "on" = "local"): Promise<number> {
  const server = listen(devTokenPlugin(auth, who), { host: "127.0.0.1", port: 0 });
  if (!server.ok) throw new Error(server.error);
  try {
    const address = `http://127.0.0.1:${server.value.port}/v1/dev/token`;
    return (await fetch(address, { method: "POST", headers, body: JSON.stringify(body) })).status;
  } finally {
    await server.value.stop(true);
  }
}

test("a name becomes an id that may be one, and stays the name", async () => {
  minted.length = 0;
  for (const name of ["Zoë Müller", "ann", "李雷"]) expect(await ask({ name })).toBe(200);
  expect(await ask({ name: "Root", role: "admin" })).toBe(200);
  expect(minted).toEqual([
    expect.objectContaining({ user: "zoe-muller", name: "Zoë Müller" }),
    expect.objectContaining({ user: "ann", name: "ann" }),
    expect.objectContaining({ user: expect.stringMatching(/^u-[0-9a-f]{12}$/), name: "李雷" }),
    expect.objectContaining({ user: "root", role: "admin" }),
  ]);
});

test("names are bounded, need something to make an id of, and give no other role", async () => {
  expect(await ask({ name: "x".repeat(60) })).toBe(200);
  for (const body of [{ name: "x".repeat(61) }, { name: "" }, { name: "!?" }, {}, { name: "a", role: "owner" }]) {
    expect([body, await ask(body)]).toEqual([body, 400]);
  }
});

test("only at this machine, under its own name, and not through a proxy; unless everybody may", async () => {
  expect(await ask({ name: "ann" }, { host: "evil.example" })).toBe(403);
  expect(await ask({ name: "ann" }, { "x-forwarded-for": "192.0.2.1" })).toBe(403);
  expect(await ask({ name: "ann" }, { host: "localhost:8080" })).toBe(200);
  expect(await ask({ name: "ann" }, { host: "evil.example" }, "on")).toBe(200);
});
