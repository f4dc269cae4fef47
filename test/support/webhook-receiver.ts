/** A receiver of webhooks in the test's own process: notes what it was posted, and answers as it is told. */
import { createHmac } from "node:crypto";

export interface Posted {
  readonly headers: Headers;
  readonly body: string;
  readonly events: readonly unknown[];
}

export class WebhookReceiver {
  /** What was answered with 2xx, in its order. */
  readonly taken: Posted[] = [];
  /** Everything else. */
  readonly refused: Posted[] = [];
  answer: (posted: Posted) => Response | Promise<Response> = () => new Response("");
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const body = await request.text();
      const { events } = JSON.parse(body) as { events: readonly unknown[] };
      const posted = { headers: request.headers, body, events };
      const answered = await this.answer(posted);
      (answered.ok ? this.taken : this.refused).push(posted);
      return answered;
    },
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/hook`;
  }

  get events(): readonly unknown[] {
    return this.taken.flatMap(({ events }) => events);
  }

  stop(): void {
    void this.#server.stop(true);
  }
}

/** As the documents say: which of these secrets signed it. */
export function signers({ headers, body }: Posted, secrets: readonly string[]): readonly string[] {
  const given = (headers.get("x-stoa-signature") ?? "").split(",");
  const timestamp = headers.get("x-stoa-timestamp") ?? "";
  return secrets.filter((secret) =>
    given.includes(`sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`),
  );
}
