/** Requests to addresses that somebody else chose, against real servers on this machine: what must not be reached is not. */
import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { SystemClock } from "../../../src/base/clock.ts";
import { parseRange } from "../../../src/base/ip-ranges.ts";
import { OUTWARD_ADDRESSES_MAX, URL_LENGTH_MAX } from "../../../src/base/limits.ts";
import { err } from "../../../src/base/result.ts";
import {
  type OutwardAllowed,
  type OutwardFailure,
  OutwardHttp,
  type OutwardRequest,
  refuseUrl,
  type Resolve,
} from "../../../src/integrations/outward-http.ts";
import { HOOK_CERTIFICATE, HOOK_KEY } from "../../support/self-signed.ts";

const NOBODY: OutwardAllowed = { ranges: [], hosts: [] };
const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

function loopback(): OutwardAllowed {
  const range = parseRange("127.0.0.0/8");
  if (range === undefined) throw new Error("not parsed");
  return { ranges: [range], hosts: [] };
}

interface Heard {
  readonly host: string | null;
  readonly body: string;
  readonly peer: number | undefined;
}

/** A receiver on the loopback that remembers what it heard. */
function serve(respond: () => Response | Promise<Response> = () => new Response("fine"), tls?: object) {
  const heard: Heard[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls && { tls }),
    fetch: async (request, { requestIP }) => {
      const peer = requestIP.call(server, request)?.port;
      heard.push({ host: request.headers.get("host"), body: await request.text(), peer });
      return respond();
    },
  });
  closes.push(() => void server.stop(true));
  return { heard, port: server.port ?? 0 };
}

interface Wishes {
  readonly allowed?: OutwardAllowed;
  readonly resolve?: Resolve;
  readonly ca?: string;
}
function ask(url: string, wishes: Wishes = {}, more: Partial<OutwardRequest> = {}) {
  const { allowed = loopback(), resolve, ca } = wishes;
  const http = new OutwardHttp({ clock: new SystemClock(), allowed, ...(resolve && { resolve }), ...(ca && { ca }) });
  return http.request({
    ...{ url, method: "POST", headers: { "x-a": "1" }, body: "hello", timeoutMs: 10_000, answerBytesMax: 1_000 },
    ...more,
  });
}
const failed = (error: OutwardFailure) => err(error);

describe("where nobody may go", () => {
  const FORBIDDEN = [
    ...["http://127.0.0.1/", "http://localhost/", "http://a.localhost/", "https://10.1.2.3/", "http://[::1]/"],
    ...["http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://[fd00::1]/", "http://169.254.169.254/latest"],
    // Other spellings of 127.0.0.1.
    ...["http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://LOCALHOST./"],
    ...["http://①②⑦.0.0.1/", "http://0/"],
  ];
  for (const url of FORBIDDEN) {
    test(`${url} is refused, before and at the request`, async () => {
      expect(refuseUrl(url, NOBODY)).toEqual({ ok: false, error: "forbidden_address" });
      expect(await ask(url, { allowed: NOBODY })).toEqual(failed("forbidden_address"));
    });
  }

  test("what is no address of a receiver is refused", async () => {
    const wrong = [
      "",
      "hook",
      "ftp://a.example/",
      "file:///etc/passwd",
      "http://u:p@a.example/",
      "http://u@a.example/",
      "http://:p@a.example/",
      "http://a.example\\@b.example/",
      "http://a.example/\r\nx: y",
      "http://a.exam\tple/",
      " http://a.example/",
    ];
    for (const url of [...wrong, "http:///", `http://a.example/${"x".repeat(URL_LENGTH_MAX)}`]) {
      expect([url.slice(0, 30), await ask(url)]).toEqual([url.slice(0, 30), failed("invalid_url")]);
    }
    const longest = `http://a.example/${"x".repeat(URL_LENGTH_MAX - 17)}`;
    expect(refuseUrl(longest, NOBODY).ok).toBe(true);
  });

  test("a name with one address of one's own network is refused, whatever others it has", async () => {
    const { heard, port } = serve();
    const url = `http://hook.example:${port}/`;
    for (const own of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1"]) {
      const resolve: Resolve = async () => ["93.184.215.14", own];
      expect(await ask(url, { allowed: NOBODY, resolve })).toEqual(failed("forbidden_address"));
    }
    expect(heard).toEqual([]);
  });

  test("a name without an address, with nonsense for one, or with too many is not gone to", async () => {
    const answers: readonly (readonly string[])[] = [[], ["fe80::1%eth0"], ["elsewhere.example"]];
    for (const addresses of answers) {
      expect(await ask("http://hook.example/", { resolve: async () => addresses })).toEqual(failed("no_address"));
    }
    const fails: Resolve = () => Promise.reject(new Error("ENOTFOUND"));
    expect(await ask("http://hook.example/", { resolve: fails })).toEqual(failed("no_address"));
    const { port } = serve();
    const many =
      (count: number): Resolve =>
      async () =>
        Array.from({ length: count }, () => "127.0.0.1");
    const url = `http://hook.example:${port}/`;
    expect((await ask(url, { resolve: many(OUTWARD_ADDRESSES_MAX) })).ok).toBe(true);
    expect(await ask(url, { resolve: many(OUTWARD_ADDRESSES_MAX + 1) })).toEqual(failed("no_address"));
  });

  test("a name that changes its address after it was checked is not asked again", async () => {
    const { heard, port } = serve();
    let asked = 0;
    // The first answer may be gone to, every later one would be the trick.
    const resolve: Resolve = async () => {
      asked += 1;
      return asked === 1 ? ["127.0.0.1"] : ["127.0.0.2"];
    };
    const answer = await ask(`http://rebinding.example:${port}/x`, { resolve });
    expect(answer.ok && answer.value.status).toBe(200);
    expect(asked).toBe(1);
    // No resolver of the machine knows this name: that it was reached says that the checked address was used.
    expect(heard.map(({ host }) => host)).toEqual([`rebinding.example:${port}`]);
  });

  test("a redirect is not followed, wherever it goes", async () => {
    const { heard: secret, port: inner } = serve(() => new Response("secret"));
    for (const status of [301, 302, 303, 307, 308]) {
      const { port } = serve(() => new Response("", { status, headers: { location: `http://127.0.0.1:${inner}/` } }));
      expect(await ask(`http://127.0.0.1:${port}/`)).toEqual(failed("redirect"));
    }
    expect(secret).toEqual([]);
  });
});

describe("where one may go", () => {
  test("what the operator allows is reached: by range, by address, by name", async () => {
    const { heard, port } = serve();
    expect(await ask(`http://127.0.0.1:${port}/`, { allowed: NOBODY })).toEqual(failed("forbidden_address"));
    const byName = { allowed: { ranges: [], hosts: ["hook.internal"] }, resolve: async () => ["127.0.0.1"] };
    expect((await ask(`http://hook.internal:${port}/`, byName)).ok).toBe(true);
    const resolve: Resolve = async () => ["127.0.0.1"];
    expect(await ask(`http://other.internal:${port}/`, { ...byName, resolve })).toEqual(failed("forbidden_address"));
    expect((await ask(`http://127.0.0.1:${port}/`)).ok).toBe(true);
    expect((await ask(`http://localhost:${port}/`)).ok).toBe(true);
    const loopback6 = parseRange("::1/128");
    if (loopback6 === undefined) throw new Error("no range");
    const oneOnly = { ranges: [loopback6], hosts: [] };
    expect([refuseUrl("http://localhost/", oneOnly).ok, refuseUrl("http://127.0.0.1/", oneOnly).ok]).toEqual([
      true,
      false,
    ]);
    expect(heard.map(({ host, body }) => [host, body])).toEqual([
      [`hook.internal:${port}`, "hello"],
      [`127.0.0.1:${port}`, "hello"],
      [`localhost:${port}`, "hello"],
    ]);
  });

  test("the certificate has to be that of the name, though the connection goes to an address", async () => {
    const { heard, port } = serve(undefined, { cert: HOOK_CERTIFICATE, key: HOOK_KEY });
    const resolve: Resolve = async () => ["127.0.0.1"];
    const answer = await ask(`https://hook.example:${port}/`, { resolve, ca: HOOK_CERTIFICATE });
    expect(answer.ok && answer.value.status).toBe(200);
    expect(await ask(`https://other.example:${port}/`, { resolve, ca: HOOK_CERTIFICATE })).toEqual(failed("tls"));
    expect(await ask(`https://hook.example:${port}/`, { resolve })).toEqual(failed("tls"));
    expect(heard).toHaveLength(1);
  });

  test("a status that says no is an answer, with its headers and the beginning of its body", async () => {
    const respond = (): Response => new Response("x".repeat(5_000), { status: 503, headers: { "retry-after": "7" } });
    const { port } = serve(respond);
    const answer = await ask(`http://127.0.0.1:${port}/`, {}, { answerBytesMax: 10 });
    if (!answer.ok) throw new Error(answer.error);
    const { status, headers, body } = answer.value;
    expect([status, headers.get("retry-after"), Buffer.from(body).toString()]).toEqual([503, "7", "x".repeat(10)]);
  });

  test("of an answer that does not end no more is read than is wanted, and what is packed stays so", async () => {
    const endless = (): Response => {
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
        controller.enqueue(new Uint8Array(65_536));
      return new Response(new ReadableStream<Uint8Array>({ pull }));
    };
    const one = await ask(`http://127.0.0.1:${serve(endless).port}/`, {}, { answerBytesMax: 100 });
    expect(one.ok && one.value.body.length).toBe(100);
    const bomb = Bun.gzipSync(new Uint8Array(10_000_000));
    const packed = (): Response => new Response(bomb, { headers: { "content-encoding": "gzip" } });
    const two = await ask(`http://127.0.0.1:${serve(packed).port}/`, {}, { answerBytesMax: 100_000 });
    expect(two.ok && two.value.body.length).toBe(bomb.length);
  });
});

describe("what takes too long, or breaks", () => {
  test("is given up when its time is over: a name, an answer, and the rest of an answer", async () => {
    const short = { timeoutMs: 150 };
    const never: Resolve = () => new Promise(() => undefined);
    expect(await ask("http://hook.example/", { resolve: never }, short)).toEqual(failed("timeout"));
    const silent = serve(() => new Promise<Response>(() => undefined));
    expect(await ask(`http://127.0.0.1:${silent.port}/`, {}, short)).toEqual(failed("timeout"));
    const half = await raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    expect(await ask(`http://127.0.0.1:${half}/`, {}, short)).toEqual(failed("timeout"));
  });

  test("nobody there, and what is no HTTP, have names of their own", async () => {
    const port = await raw("");
    for (const close of closes.splice(0)) close();
    expect(await ask(`http://127.0.0.1:${port}/`)).toEqual(failed("refused"));
    expect(await ask(`http://127.0.0.1:${await raw("what is no HTTP at all\r\n\r\n")}/`)).toEqual(failed("broken"));
  });
});

/** A server that says `text` to whoever connects, whatever they say. */
async function raw(text: string): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(text);
    closes.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closes.push(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
