import { expect, test } from "bun:test";
import { createLog, withoutSecrets } from "../../../src/edge/log.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void, level = "debug"): string[] {
  const lines: string[] = [];
  write(createLog({ level, instanceId: "node-1", destination: { write: (line: string) => lines.push(line) } }));
  return lines;
}

test("a line is JSON with level, time, instance and message", () => {
  const [line = ""] = logged((log) => log.info({ port: 8080 }, "listening"));
  expect(JSON.parse(line)).toMatchObject({ level: "info", instance: "node-1", port: 8080, msg: "listening" });
  expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test("lines below the level are not written", () => {
  expect(logged((log) => log.debug({}, "detail"), "info")).toEqual([]);
  expect(logged((log) => log.debug({}, "detail"), "debug")).toHaveLength(1);
});

test("tokens, secrets and message texts are never written, at the top or below", () => {
  const secret = "hunter2";
  const lines = logged((log) => {
    log.warn({ token: secret, frame: { content: secret, token: secret } }, "a");
    log.error({ request: { headers: { authorization: secret, cookie: secret } }, body: secret }, "b");
    log.info({ config: { jwt: { secret } }, url: `http://h/chat?x=1&token=${secret}#y` }, "c");
  });
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain(secret);
});

test.each([
  ["/chat?token=abc", "/chat?token=[removed]"],
  ["/chat?a=1&token=abc&limit=2", "/chat?a=[removed]&token=[removed]&limit=2"],
  ["/chat?access_token=abc", "/chat?access_token=[removed]"],
  ["/chat?TOKEN=abc", "/chat?TOKEN=[removed]"],
  ["/chat?mytoken=abc", "/chat?mytoken=[removed]"],
  ["/chat?%74oken=abc", "/chat?[removed]"],
  ["/chat?abc", "/chat?[removed]"],
  ["/chat?", "/chat?[removed]"],
  ["/v1/chat/search?q=my%20words&limit=20&before=msg_1", "/v1/chat/search?q=[removed]&limit=20&before=msg_1"],
  ["/v1/chat/search?limit=my%20words", "/v1/chat/search?limit=[removed]"],
  ["/v1/chat/search?a=b?q=words", "/v1/chat/search?a=[removed]"],
  ["/v1/chat/files/abc.def#x", "/v1/chat/files/[removed]"],
  ["/v1/chat/invites/abc/accept?limit=2", "/v1/chat/invites/[removed]/accept?limit=2"],
])("%s is logged as %s", (url, cut) => {
  expect(withoutSecrets(url)).toBe(cut);
});

test("of an error nothing is written that it was made of", () => {
  const url = "http://[/chat?token=hunter2";
  const error = Object.assign(new TypeError("Invalid URL", { cause: url }), { code: "ERR_INVALID_URL", input: url });
  const [line = ""] = logged((log) => log.error({ err: error }, "a request failed unexpectedly"));
  expect(JSON.parse(line).err).toEqual({
    type: "TypeError",
    message: "Invalid URL",
    code: "ERR_INVALID_URL",
    stack: expect.stringContaining("TypeError"),
  });
  expect(line).not.toContain("hunter2");
  const [second = ""] = logged((log) => log.error({ error: new TypeError("Odd", { cause: url }) }, "another"));
  expect(JSON.parse(second).error).toEqual({ type: "TypeError", message: "Odd", stack: expect.any(String) });
});
