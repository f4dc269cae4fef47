/** Notifications posted one by one to a service of the operator's own, signed as the moderation hook's questions are. */
import type { Clock } from "../../base/clock.ts";
import { parseIp } from "../../base/ip-ranges.ts";
import { NOTIFY_REQUEST_MS_MAX } from "../../base/limits.ts";
import { signatureOf } from "../signed-questions.ts";
import { OutwardHttp, type OutwardAllowed } from "../outward-http.ts";
import { messageOf, type Notifier, type SendOutcome } from "./notifier.ts";

export interface WebhookParts {
  readonly url: string;
  /** So that the service knows whom it is from. */
  readonly secret: string;
  readonly clock: Clock;
  /** Never what was sent. */
  readonly failed: (why: string) => void;
}

const OK = { from: 200, to: 299 } as const;
/** The request is in order, and was not done. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);
const SERVER_FAILURE = 500;

export function webhookNotifier({ url, secret, clock, failed }: WebhookParts): Notifier {
  const http = new OutwardHttp({ clock, allowed: allowedOf(url) });
  return {
    name: "webhook",
    close: () => undefined,
    send: async (notification): Promise<SendOutcome> => {
      const body = messageOf(notification);
      const timestamp = String(Math.floor(clock.wallMs() / 1_000));
      const answer = await http.request({
        ...{ url, method: "POST", body, timeoutMs: NOTIFY_REQUEST_MS_MAX, answerBytesMax: 0 },
        headers: {
          "content-type": "application/json",
          "x-stoa-event": "notification",
          "x-stoa-id": notification.id,
          "x-stoa-timestamp": timestamp,
          "x-stoa-signature": signatureOf(secret, timestamp, body),
        },
      });
      if (answer.ok && answer.value.status >= OK.from && answer.value.status <= OK.to) return "sent";
      failed(answer.ok ? `status ${answer.value.status}` : answer.error);
      if (!answer.ok) return "later";
      return answer.value.status >= SERVER_FAILURE || LATER.has(answer.value.status) ? "later" : "refused";
    },
  };
}

/** The operator chose it: it may be in their own network. */
function allowedOf(url: string): OutwardAllowed {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const ip = parseIp(host);
  if (ip === undefined) return { hosts: [host], ranges: [] };
  return { hosts: [host], ranges: [{ ...ip, length: ip.version === 4 ? 32 : 128 }] };
}
