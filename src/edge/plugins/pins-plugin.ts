/** Pinned messages over REST: the list, pinning, unpinning. */
import { Elysia } from "elysia";
import { PINS_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { messageParams, mutationBody, mutationHeaders, roomParams } from "../rest/schemas.ts";
import { iso, messageJson } from "../rest/views.ts";

export function pinsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/pins",
      async ({ principal, params, set }) => {
        const call = { to: "room", room: params.roomId, kind: "pins" } as const;
        return answer(set, await engine.call(principal, call), ({ pins }) => ({
          pins: pins.map(({ message, pinnedBy, pinnedAt }) => ({
            message: messageJson(message),
            pinnedBy,
            pinnedAt: iso(pinnedAt),
          })),
          limit: PINS_MAX,
        }));
      },
      { params: roomParams, detail: { summary: "Pinned messages, the one pinned last first" } },
    )
    .post(
      "/rooms/:roomId/messages/:messageId/pin",
      async ({ principal, params, headers, body, set }) => {
        const { roomId, messageId } = params;
        const command = { kind: "pin_message", messageId, ...idempotencyOf({ headers, body }) } as const;
        const pinned = await mutate(engine, principal, roomId, command);
        return answer(set, pinned, (reply) => ({ roomId, messageId, isPinned: true, ...mutationJson(reply) }));
      },
      { params: messageParams, headers: mutationHeaders, body: mutationBody, detail: { summary: "Pin a message" } },
    )
    .delete(
      "/rooms/:roomId/messages/:messageId/pin",
      async ({ principal, params, headers, set }) => {
        const { roomId, messageId } = params;
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "unpin_message", messageId, ...idempotency } as const;
        const unpinned = await mutate(engine, principal, roomId, command);
        return answer(set, unpinned, (reply) => ({ roomId, messageId, isPinned: false, ...mutationJson(reply) }));
      },
      { params: messageParams, headers: mutationHeaders, detail: { summary: "Unpin a message" } },
    );
}
