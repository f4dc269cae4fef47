/**
 * The body of an HTTP answer that goes on, as Bun's direct streams have it: what is written goes to the socket without a queue of
 * ours. Invariant: whatever becomes of the client, `lost` is called once, or the sink was told to end.
 */
import type { EventSink } from "./event-stream.ts";

/** What is behind the sink hears that its client is gone. */
export interface SinkOwner {
  lost(): void;
}

export function directBody(open: (sink: EventSink) => SinkOwner): ReadableStream {
  let owner: SinkOwner | undefined;
  return new ReadableStream({
    type: "direct",
    // The answer lasts as long as this promise is not kept. A rejection without a reason ends the connection without a word.
    pull: (controller) =>
      new Promise<void>((resolve, reject) => {
        owner = open({
          write: (data) => {
            try {
              return controller.write(data);
            } catch {
              // It was closed in this very turn; `cancel` says so.
              return 0;
            }
          },
          flush: () => {
            try {
              void controller.flush();
            } catch {
              // The same: one stream's client that hung up must not end the turn of all others.
            }
          },
          end: () => {
            void controller.end();
            resolve();
          },
          abort: () => reject(),
        });
      }),
    cancel: () => owner?.lost(),
  } satisfies Bun.DirectUnderlyingSource);
}
