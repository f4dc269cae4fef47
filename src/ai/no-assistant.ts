/** Where no provider is configured: rooms say so once, and questions are refused. */
import type { Assistant } from "../domain/assistant/port.ts";

export const NO_ASSISTANT: Assistant = {
  isConfigured: false,
  start: (_question, listener) => {
    queueMicrotask(() => listener.ended({ state: "failed", reason: "not_configured", sources: [] }));
    return { stop: () => undefined };
  },
  recall: (_tenant, _room, _user, done) => queueMicrotask(() => done([])),
};
