/** Both providers' real libraries under the engine that asks them, against a server that answers as no good one would. */
import { afterAll, describe, expect, test } from "bun:test";
import { makeProviders, type ProviderName, type ProviderSettings } from "../../src/ai/make-providers.ts";
import { ProviderHost } from "../../src/ai/provider-host.ts";
import type { Provider } from "../../src/ai/providers/provider.ts";
import { type EngineEnd, RunEngine } from "../../src/ai/run-engine.ts";
import { SystemClock } from "../../src/base/clock.ts";
import { AI_COOL_DOWN_MS_MAX } from "../../src/base/limits.ts";
import { eventually } from "../support/eventually.ts";
import { ProviderServer, type Script, type Step } from "../support/provider-server.ts";

const server = new ProviderServer();
afterAll(() => server.stop());

/** Nothing here waits for a provider that may be late: on a busy machine none is given up too early. */
const PATIENT_MS = 30_000;
/** Those that never say anything more are given up after this. */
const SILENCE_MS = 300;
const INPUT_TOKENS = 10;
const LENGTH_MAX = 100;
const PROMPT = {
  system: "s",
  user: "u",
  lengthMax: LENGTH_MAX,
  outputTokensMax: 50,
  inputTokens: INPUT_TOKENS,
  sources: [],
};

interface Told {
  readonly end: EngineEnd;
  /** What whoever listens has at the end. */
  readonly text: string;
  readonly pieces: readonly string[];
}

/** Asks those who have a script, Gemini first. */
function ask(scripts: Partial<Record<ProviderName, Script>>, silenceMs = PATIENT_MS): Promise<Told> {
  const names = (["gemini", "openai"] as const).filter((name) => scripts[name] !== undefined);
  server.forget();
  for (const name of names) server.next(name, scripts[name] ?? []);
  const settings = names.map((name) => {
    return { name, apiKey: "key", model: "m", baseUrl: name === "openai" ? `${server.url}/v1` : server.url };
  });
  return asked(makeProviders(settings), silenceMs);
}

function asked(providers: readonly Provider[], silenceMs = PATIENT_MS): Promise<Told> {
  const engine = new RunEngine(providers, { silenceMs, runMs: 2 * PATIENT_MS }, new SystemClock());
  const pieces: string[] = [];
  let text = "";
  return new Promise((resolve) => {
    engine.run(PROMPT, {
      began: () => {
        text = "";
      },
      piece: (piece) => {
        pieces.push(piece);
        text += piece;
      },
      ended: (end) => resolve({ end, text, pieces }),
    });
  });
}

const FALLBACK: Script = [{ text: "From the other one." }];
const EACH = ["gemini", "openai"] as const;

describe("an answer without a word", () => {
  const tool = { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "x" }] }, finish_reason: "tool_calls" }] };
  const cases: readonly (readonly [string, readonly Step[]])[] = [
    ["that is done", [{ done: true }]],
    ["whose bound went into thoughts", [{ length: true }]],
    ["of blanks", [{ text: " \n " }]],
    ["that wants a tool", [{ bytes: `data: ${JSON.stringify(tool)}\n\n` }, { done: true }]],
  ];
  for (const [name, steps] of cases) {
    test(`${name} is none: another provider is asked`, async () => {
      const { end, text } = await ask({ gemini: steps, openai: FALLBACK });
      expect([end.state, end.provider, text]).toEqual(["complete", "openai", "From the other one."]);
      const alone = await ask({ openai: steps });
      expect([alone.end.state, alone.end.reason]).toEqual(["failed", "provider_failed"]);
    });
  }

  test("costs what the provider says", async () => {
    const usage = { promptTokenCount: 40, totalTokenCount: 90 };
    const { end } = await ask({ gemini: [{ usage }, { length: true }] });
    expect([end.state, end.spent]).toEqual(["failed", { input: 40, output: 50 }]);
  });
});

describe("what an answer took", () => {
  test("is what the provider says, its thoughts included", async () => {
    const usage = { promptTokenCount: 10, candidatesTokenCount: 2, thoughtsTokenCount: 500, totalTokenCount: 512 };
    const { end } = await ask({ gemini: [{ usage }, { text: "Yes." }] });
    expect([end.tokens, end.spent]).toEqual([
      { input: 10, output: 502 },
      { input: 10, output: 502 },
    ]);
  });

  for (const [input, output] of [
    [4, undefined],
    [undefined, 4],
    [4, null],
    [-4_000, 3],
    [4, -3],
    [4, {}],
    [4, 1.5],
    [1e300, 3],
  ] as const) {
    test(`is estimated where it says ${input} and ${JSON.stringify(output)}`, async () => {
      const said = {
        gemini: { promptTokenCount: input, candidatesTokenCount: output },
        openai: { prompt_tokens: input, completion_tokens: output },
      };
      for (const name of EACH) {
        // Gemini leaves out what is none.
        if (name === "gemini" && output == null) continue;
        const { end } = await ask({ [name]: [{ usage: said[name] }, { text: "Yes." }] });
        expect([end.state, end.tokens, end.spent]).toEqual(["complete", undefined, { input: INPUT_TOKENS, output: 2 }]);
      }
    });
  }
});

describe("who said to be done", () => {
  // Gemini's library forgets what it has read as soon as it reads nonsense.
  for (const [name, ...ends] of [
    ["gemini", { hang: true }, { cut: true }],
    ["openai", { hang: true }, { cut: true }, { malformed: true }],
  ] as const) {
    test(`has answered, whatever becomes of the connection (${name})`, async () => {
      for (const after of ends) {
        const { end, text } = await ask({ [name]: [{ text: "All of it." }, { done: true }, after] }, SILENCE_MS);
        expect([end.state, end.provider, text]).toEqual(["complete", name, "All of it."]);
      }
    });
  }
});

test("a provider that failed is let go of, also where it goes on by itself", async () => {
  const blocked = 'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n';
  for (const [name, step] of [
    ["gemini", { malformed: true }],
    ["gemini", { bytes: blocked }],
    ["openai", { malformed: true }],
  ] as const) {
    const request = server.requests.length;
    await ask({ [name]: [step, { hang: true }] });
    await eventually(async () => expect(server.requests[request]?.aborted).toBe(true));
  }
});

describe("a provider that asks for patience", () => {
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toUTCString();

  test("may name a time of the clock that it has itself", async () => {
    const date = "Wed, 21 Oct 2015 07:28:00 GMT";
    const until = "Wed, 21 Oct 2015 07:28:30 GMT";
    const { end } = await ask({ openai: { status: 429, headers: { date, "retry-after": until } } });
    expect([end.reason, end.retryAfterMs]).toEqual(["rate_limited", 30_000]);
  });

  test("is not left alone for ever, nor for a time that is none", async () => {
    for (const [said, waitMs] of [
      ["1e308", AI_COOL_DOWN_MS_MAX],
      ["99999999", AI_COOL_DOWN_MS_MAX],
      [inSeconds(1e9), AI_COOL_DOWN_MS_MAX],
      ["soon", 1_000],
      ["-5", 1_000],
      ["", 1_000],
    ] as const) {
      const { end } = await ask({ openai: { status: 429, headers: { "retry-after": said } } });
      expect(end.reason).toBe("rate_limited");
      expect(Math.round((end.retryAfterMs ?? 0) / 100) * 100).toBe(waitMs);
    }
    const { end } = await ask({ gemini: { status: 429, retryAfterSeconds: 1e9 } });
    expect(end.retryAfterMs).toBe(AI_COOL_DOWN_MS_MAX);
  });
});

describe("text", () => {
  test("that is none is left out", async () => {
    const odd = [{ type: "text", text: "no" }, 5, { a: 1 }, null];
    const openai = odd.map((content) => ({
      bytes: `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
    }));
    const gemini = odd.map((text) => {
      return { bytes: `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }] })}\n\n` };
    });
    for (const scripts of [{ openai: [...openai, { text: "Yes." }] }, { gemini: [...gemini, { text: "Yes." }] }]) {
      expect((await ask(scripts)).text).toBe("Yes.");
    }
  });

  test("keeps characters whole that came in halves, of bytes and of units", async () => {
    const bytes = new TextEncoder().encode('data: {"choices":[{"delta":{"content":"😀b"}}]}\n\n');
    const middle = bytes.indexOf(0xf0) + 2;
    const { text, pieces } = await ask({
      openai: [
        { bytes: 'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n' },
        { waitMs: 5 },
        { bytes: 'data: {"choices":[{"delta":{"content":"\\ude00"}}]}\n\n' },
        { bytes: bytes.slice(0, middle) },
        { waitMs: 5 },
        { bytes: bytes.slice(middle) },
        { bytes: 'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' },
      ],
    });
    expect(text).toBe("a😀😀b");
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  });

  test("that is too long is cut between two characters, and no more is waited for", async () => {
    for (const name of EACH) {
      const { end, text } = await ask({ [name]: [{ text: "😀".repeat(2 * LENGTH_MAX) }, { hang: true }] });
      expect([end.state, end.reason, text]).toEqual(["complete", "length_limit", "😀".repeat(LENGTH_MAX)]);
    }
  });
});

test("64 million units in one piece cost no more than the part that is taken", async () => {
  const huge = "😀".repeat(1 << 25);
  const provider: Provider = {
    name: "p",
    model: "m",
    stream: async (_prompt, _signal, onText) => {
      onText(huge);
      return { reason: "stop" };
    },
  };
  // As an array of characters it would be a gigabyte, and seconds beyond this test's time.
  const { end, text } = await asked([provider]);
  expect([end.reason, text]).toEqual(["length_limit", "😀".repeat(LENGTH_MAX)]);
}, 8_000);

test("what does not speak the protocol has failed, and is replaced", async () => {
  const invalid = new Uint8Array([...new TextEncoder().encode("data: "), 0xff, 0xfe, 10, 10]);
  const scripts: readonly Script[] = [
    { status: 401 },
    { status: 403 },
    { status: 302, headers: { location: "http://127.0.0.1:1/" } },
    [{ bytes: "<html></html>" }, { cut: true }],
    [{ bytes: '{"error":{}}' }, { cut: true }],
    [{ bytes: "data: null\n\n" }],
    [{ bytes: invalid }],
    [{ bytes: 'data: {"error":{"code":503,"message":"no"}}\n\n' }, { cut: true }],
    [{ text: "Half of" }, { bytes: 'data: {"error":{"code":503,"message":"no"}}\n\n' }, { cut: true }],
  ];
  for (const script of scripts) {
    const { end, text } = await ask({ gemini: script, openai: FALLBACK });
    expect([end.provider, text]).toEqual(["openai", "From the other one."]);
    server.forget();
    expect((await ask({ openai: script })).end.state).toBe("failed");
  }
});

test("the thread that asks is started again when it was lost; what was under way there has failed, and nobody knows what it cost", async () => {
  const reports: string[] = [];
  const broken = {
    providers: undefined as unknown as readonly ProviderSettings[],
    engine: { silenceMs: 100, runMs: 100 },
  };
  const host = new ProviderHost(broken, new SystemClock(), ({ event }) => reports.push(event));
  const run = (): Promise<EngineEnd> =>
    new Promise((ended) => host.run(PROMPT, { began: () => undefined, piece: () => undefined, ended }));
  const lost: EngineEnd = { state: "failed", reason: "provider_failed", tried: [] };
  expect(await Promise.all([run(), run()])).toEqual([lost, lost]);
  expect(await run()).toEqual(lost);
  expect(reports).toEqual(["assistant_thread_lost", "assistant_thread_lost"]);
  host.close();
});
