/** By long polling: what passes everywhere. When the session began anew at another node, that node resumes by the cursor. */
import type { ServerFrame } from "../protocol/frames.ts";
import { withTimes } from "../protocol/json-frames.ts";
import { closeCodeOf, headersOf, type Link, type LinkOwner, LOST, NORMAL, retryAfterOf, type Target } from "./link.ts";
import { Posting } from "./posting.ts";

const WAIT_MS = 25_000;
const SLACK_MS = 10_000;
/** An answer that was lost is asked for again so many times. */
const FAILURES_MAX = 3;
const RETRY_MS = 500;

interface Answer {
  readonly connectionId: string;
  readonly cursor: string;
  readonly frames: readonly object[];
  readonly closed?: { readonly code: number; readonly delayMs: number };
}

export function openPoll(target: Target, owner: LinkOwner): Link {
  const stop = new AbortController();
  const end = (code: number, delayMs?: number): void => {
    stop.abort();
    posting.end(code === NORMAL);
    owner.closed(code, delayMs);
  };
  const posting = new Posting(target, () => undefined);
  void (async () => {
    let cursor: string | undefined;
    for (let failures = 0; !stop.signal.aborted; ) {
      const late = setTimeout(() => stop.abort(), WAIT_MS + SLACK_MS);
      try {
        const response = await target.fetch(`${target.url}/v1/chat/events/poll`, {
          method: "POST",
          headers: headersOf(posting.token),
          body: JSON.stringify({ cursor, waitMs: WAIT_MS }),
          signal: stop.signal,
        });
        if (!response.ok) return end(closeCodeOf(response.status), retryAfterOf(response));
        const { data } = (await response.json()) as { data: Answer };
        failures = 0;
        cursor = data.cursor;
        for (const frame of data.frames) owner.frame(withTimes<ServerFrame>(frame));
        if (data.closed !== undefined) return end(data.closed.code, data.closed.delayMs);
        posting.to(data.connectionId);
      } catch {
        failures += 1;
        if (stop.signal.aborted || cursor === undefined || failures > FAILURES_MAX) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * failures));
      } finally {
        clearTimeout(late);
      }
    }
    end(LOST);
  })();
  return { send: (frame) => posting.send(frame), close: () => end(NORMAL) };
}
