/** People over REST: oneself with name, picture, status and devices, and others as far as one may see them. */
import { Elysia, t } from "elysia";
import {
  CUSTOM_STATUS_LENGTH_MAX,
  CUSTOM_STATUS_MS_MAX,
  URL_LENGTH_MAX,
  USER_NAME_LENGTH_MAX,
} from "../../base/limits.ts";
import { isPersonName, isPictureAddress } from "../../base/person-name.ts";
import { ok } from "../../base/result.ts";
import type { ConnectionRecord, PresenceDirectory } from "../../cluster/presence-directory.ts";
import { askDirectory } from "../rest/ask-directory.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse, refusedField } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { lookAtOne } from "../rest/people.ts";
import { presenceStatus, userId } from "../rest/schemas.ts";
import { deviceKind } from "../rest/user-agent.ts";
import { iso, presenceJson } from "../rest/views.ts";

const customStatus = text(CUSTOM_STATUS_LENGTH_MAX);
/** How long the custom status lasts. */
const expiresInMs = t.Integer({ minimum: 1, maximum: CUSTOM_STATUS_MS_MAX });

export const statusBody = t.Object({
  status: presenceStatus,
  customStatus: t.Optional(customStatus),
  expiresInMs: t.Optional(expiresInMs),
});
const profileBody = t.Object({
  displayName: t.Optional(t.Union([t.String({ maxLength: 2 * USER_NAME_LENGTH_MAX }), t.Null()])),
  avatar: t.Optional(t.Union([t.String({ maxLength: URL_LENGTH_MAX }), t.Null()])),
  status: t.Optional(presenceStatus),
  customStatus: t.Optional(t.Union([customStatus, t.Null()])),
  expiresInMs: t.Optional(expiresInMs),
});

export function peoplePlugin(prefix: string, options: RestOptions & { readonly directory: PresenceDirectory }) {
  const { engine, directory } = options;
  return new Elysia({ prefix: `${prefix}/users`, detail: { tags: ["people"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/me",
      async ({ principal, set }) => answer(set, await lookAtOne(engine, principal, principal.userId), (me) => me),
      {
        detail: { summary: "You, as others see you" },
      },
    )
    .patch(
      "/me",
      async ({ principal, body, set }) => {
        const change = profileChange(body);
        if (!change.ok) return refuse(set, change.error);
        const call = { to: "user", user: principal.userId, kind: "update_profile", ...change.value } as const;
        return answer(set, await engine.call(principal, call), (me) => presenceJson(me));
      },
      {
        body: profileBody,
        transform: onlyFields(profileBody),
        detail: { summary: "Change your name, picture and status; null for a name or picture: as your token says" },
      },
    )
    .put(
      "/me/status",
      async ({ principal, body, set }) => {
        const call = { to: "user", user: principal.userId, kind: "set_presence", ...body } as const;
        return answer(set, await engine.call(principal, call), (me) => presenceJson(me));
      },
      {
        body: statusBody,
        transform: onlyFields(statusBody),
        detail: { summary: "Set your status; the same as PUT /presence" },
      },
    )
    .get(
      "/me/devices",
      async ({ principal, set }) => {
        const found = await askDirectory<readonly ConnectionRecord[]>((done) =>
          directory.connectionsOf(principal.tenant, principal.userId, done),
        );
        return answer(set, found, (records) => ({ devices: records.map(deviceJson) }));
      },
      { detail: { summary: "Your devices: live connections, on all nodes" } },
    )
    .get(
      "/:userId",
      async ({ principal, params, set }) =>
        answer(set, await lookAtOne(engine, principal, params.userId), (person) => person),
      {
        params: t.Object({ userId }),
        detail: { summary: "A person with whom you share a room; for administrators any of the tenant" },
      },
    );
}

function profileChange({ displayName, avatar, status, customStatus: custom, expiresInMs: expires }: ProfileBody) {
  const name = displayName?.trim();
  if (name !== undefined && !isPersonName(name)) {
    return refusedField("displayName", `a name has 1 to ${USER_NAME_LENGTH_MAX} characters, and no control characters`);
  }
  if (avatar != null && !isPictureAddress(avatar))
    return refusedField("avatar", "a picture is an http or https address");
  return ok({
    ...(displayName !== undefined && { name: name ?? null }),
    ...(avatar !== undefined && { avatar }),
    ...(status !== undefined && { status }),
    ...(custom !== undefined && { customStatus: custom ?? "" }),
    ...(expires !== undefined && { expiresInMs: expires }),
  });
}
type ProfileBody = typeof profileBody.static;

function deviceJson({ connectionId, transport, userAgent, connectedAt }: ConnectionRecord) {
  return { connectionId, ...deviceKind(userAgent), transport, userAgent, connectedAt: iso(connectedAt) };
}
