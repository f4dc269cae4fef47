/**
 * Announcements to everybody of a tenant: a message in the tenant's broadcast room, which everybody may read and join, and a
 * notification to all who are connected.
 * Invariant: whoever was told can find it in the room: it is told after it is durable.
 */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../../actors/calls.ts";
import { ROOM_MEMBERS_MAX } from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import { err } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { settingsOfNewRoom } from "../../domain/room/new-room.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import type { EdgeCircle } from "../circle/edge-circle.ts";
import { answer, answerError } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { ANNOUNCEMENTS_ROOM, createdStatus, idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import type { Engine } from "../ports.ts";
import { mutationFields, mutationHeaders } from "../rest/schemas.ts";

const ROOM_NAME = "Announcements";

export interface AnnouncementOptions extends RestOptions {
  readonly circle: Pick<EdgeCircle, "announce">;
}

export function announcementsPlugin(prefix: string, options: AnnouncementOptions) {
  const { engine, circle } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/announcements",
      async ({ principal, body, headers, set }) => {
        const { content } = body;
        const done = await announce(engine, principal, content, idempotencyOf({ headers, body }));
        if (done.ok && !done.value.duplicate) {
          const { messageId } = done.value;
          circle.announce(principal.tenant, {
            type: "notification",
            kind: "announcement",
            roomId: ANNOUNCEMENTS_ROOM,
            by: principal.userId,
            ...(messageId !== undefined && { messageId }),
            content,
          });
          const ask = { list: "note", action: "announced", details: { messageId: messageId ?? "" } } as const;
          await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        }
        return answer(
          set,
          done,
          (reply) => ({ roomId: ANNOUNCEMENTS_ROOM, messageId: reply.messageId, ...mutationJson(reply) }),
          createdStatus,
        );
      },
      {
        headers: mutationHeaders,
        ...strictBody(t.Object({ content: t.String({ minLength: 1 }), ...mutationFields })),
        detail: { summary: "Say something to everybody of the tenant" },
      },
    );
}

/** In the administrator's name, by the engine: in a broadcast room one writes as its admin, and this one has none. */
async function announce(
  engine: Engine,
  principal: Principal,
  content: string,
  key: { readonly clientId: string; readonly knownSeq?: number },
): Promise<Result<MutationReply, Rejection>> {
  if (principal.role === "user") return err(ADMINS_ONLY);
  const speaker: Principal = { ...principal, role: "system" };
  const message = { kind: "send_message", content, messageType: "text", ...key } as const;
  const said = await mutate(engine, speaker, ANNOUNCEMENTS_ROOM, message);
  if (said.ok || said.error.code !== "room_not_found") return said;
  const settings = settingsOfNewRoom({ type: "broadcast", name: ROOM_NAME, maxMembers: ROOM_MEMBERS_MAX });
  const make = { kind: "create_room", settings, participants: [], clientId: ANNOUNCEMENTS_ROOM } as const;
  const made = await mutate(engine, speaker, ANNOUNCEMENTS_ROOM, make);
  // Somebody else may have made it just now.
  if (!made.ok && made.error.code !== "room_exists" && made.error.code !== "conflict") return made;
  return mutate(engine, speaker, ANNOUNCEMENTS_ROOM, message);
}
