/** Browsers that get notifications by Web Push: the key that they subscribe with, and their subscriptions. */
import { Elysia, t } from "elysia";
import type { KeptSubscription, NotifySettingsAsk } from "../../actors/notify-calls.ts";
import { PUSH_AGENT_LENGTH_MAX, PUSH_ENDPOINT_LENGTH_MAX, PUSH_SUBSCRIPTIONS_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse, succeed } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { deviceKind } from "../rest/user-agent.ts";
import { iso } from "../rest/views.ts";

export interface PushOptions {
  readonly publicKey: string;
  /** Nobody is asked there who is not to be. */
  readonly mayReach: (endpoint: string) => boolean;
}

/** An uncompressed point of P-256, and sixteen bytes, as base64url or base64. */
const P256DH = "^B[A-Za-z0-9_+/-]{86}=?$";
const AUTH = "^[A-Za-z0-9_+/-]{22}(==)?$";

const subscription = t.Object({
  endpoint: t.String({ minLength: 1, maxLength: PUSH_ENDPOINT_LENGTH_MAX, description: "https only" }),
  expirationTime: t.Optional(t.Union([t.Number(), t.Null()])),
  keys: t.Object({ p256dh: t.String({ pattern: P256DH }), auth: t.String({ pattern: AUTH }) }),
});

const OFF: Rejection = { code: "not_found", message: "This server sends nothing to browsers." };
const GONE: Rejection = { code: "not_found", message: "You have no such subscription." };
const ENDPOINT: Rejection = {
  code: "invalid_field",
  field: "endpoint",
  message: 'The field "endpoint" is not acceptable: it is the https address of a push service.',
};

/** `push` is `undefined` where no browser is told anything. */
export function pushPlugin(prefix: string, options: RestOptions & { readonly push: PushOptions | undefined }) {
  const { engine, push } = options;
  return new Elysia({ prefix: `${prefix}/me/push-subscriptions`, detail: { tags: ["notifications"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get("/key", () => succeed({ isAvailable: push !== undefined, publicKey: push?.publicKey ?? null }), {
      detail: { summary: "The `applicationServerKey` that a browser subscribes with" },
    })
    .get(
      "",
      async ({ principal, set }) =>
        answer(set, await asked(engine, principal, {}), ({ browsers = [] }) => ({
          subscriptions: browsers.map(browserJson),
        })),
      { detail: { summary: "Your browsers that get notifications" } },
    )
    .put(
      "",
      async ({ principal, verified, body, request, set }) => {
        if (push === undefined) return refuse(set, OFF);
        const { endpoint, keys } = body;
        if (!endpoint.startsWith("https://") || !push.mayReach(endpoint)) return refuse(set, ENDPOINT);
        const agent = request.headers.get("user-agent")?.slice(0, PUSH_AGENT_LENGTH_MAX);
        const { tokenId, issuedAtMs } = verified;
        const put = {
          ...{ endpoint, p256dh: keys.p256dh, auth: keys.auth },
          ...(agent !== undefined && { agent }),
          ...(tokenId !== undefined && { tokenId }),
          ...(issuedAtMs !== undefined && { issuedAtMs }),
        };
        return answer(set, await asked(engine, principal, { put }), ({ id }) => ({ subscriptionId: id }));
      },
      {
        body: subscription,
        detail: {
          summary: `Have this browser notified, as \`PushSubscription.toJSON()\` says it; again is the same. Of more than ${PUSH_SUBSCRIPTIONS_MAX} the oldest is given up`,
        },
      },
    )
    .delete(
      "/:subscriptionId",
      async ({ principal, params, set }) => {
        const done = await asked(engine, principal, { remove: params.subscriptionId });
        if (done.ok && done.value.removed !== true) return refuse(set, GONE);
        return answer(set, done, () => ({ subscriptionId: params.subscriptionId }));
      },
      {
        params: t.Object({ subscriptionId: t.String({ minLength: 1, maxLength: 64, pattern: "^[a-z0-9]+$" }) }),
        detail: { summary: "Do not have this browser notified any more" },
      },
    );
}

type Browsers = Omit<Extract<NotifySettingsAsk, { of: "browsers" }>, "of">;

function asked(engine: Engine, principal: Principal, ask: Browsers) {
  const call = {
    to: "user",
    user: principal.userId,
    kind: "notify_settings",
    ask: { of: "browsers", ...ask },
  } as const;
  return engine.call(principal, call);
}

/** The address is a secret: whoever has it may write to the browser, as far as its service cares. */
function browserJson({ id, endpoint, addedAt, agent = "" }: KeptSubscription) {
  return { subscriptionId: id, service: new URL(endpoint).host, ...deviceKind(agent), addedAt: iso(addedAt) };
}
