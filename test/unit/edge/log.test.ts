import { expect, test } from "bun:test";
import { createLog, withoutToken } from "../../../src/edge/log.ts";

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
  ["/chat?a=1&token=abc&b=2", "/chat?a=1&token=[removed]&b=2"],
  ["/chat?access_token=abc", "/chat?access_token=[removed]"],
  ["/chat?TOKEN=abc", "/chat?TOKEN=[removed]"],
  ["/chat?mytoken=abc", "/chat?mytoken=abc"],
])("%s is logged as %s", (url, cut) => {
  expect(withoutToken(url)).toBe(cut);
});
