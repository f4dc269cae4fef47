/** What fails unexpectedly is answered `internal`, and logged with the request's id and without what anybody wrote. */
import { expect, test } from "bun:test";
import { Elysia, t } from "elysia";
import { createLog } from "../../../../src/edge/log.ts";
import { answerError } from "../../../../src/edge/rest/envelope.ts";
import { REQUEST_ID_HEADER } from "../../../../src/edge/rest/request-id.ts";

test("an answer that does not fit its own schema, and an exception", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "debug", instanceId: "n", destination: { write: (line) => lines.push(line) } });
  const app = new Elysia()
    .onError((context) => answerError(context, log))
    .onRequest(({ set }) => {
      set.headers[REQUEST_ID_HEADER] = "asked-1";
    })
    .get("/answer", () => ({ data: { text: ["words of somebody"] } }) as never, {
      response: t.Object({ data: t.Object({ text: t.String() }) }),
    })
    .get("/throws", () => {
      throw new Error("broken");
    });
  for (const path of ["/answer", "/throws"]) {
    const response = await app.handle(new Request(`http://localhost${path}`));
    expect([response.status, await response.json()]).toEqual([500, expect.objectContaining({ success: false })]);
  }
  const [answer, thrown] = lines.map((line): unknown => JSON.parse(line));
  const common = { level: "error", requestId: "asked-1", msg: "a request failed unexpectedly" };
  expect(answer).toMatchObject({ ...common, err: { message: 'a response does not fit its schema at "/data/text"' } });
  expect(thrown).toMatchObject({ ...common, err: { type: "Error", message: "broken" } });
  expect(lines.join("")).not.toContain("words of somebody");
});
