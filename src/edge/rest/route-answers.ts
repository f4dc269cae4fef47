/**
 * Which statuses each REST route answers with, for the OpenAPI document. Most follow from what a route takes; the rest stands
 * in the tables below. A test asks each route for each status that it names (`test/e2e/contract.test.ts`).
 * Every route may besides answer 503 with `Retry-After`, while something is away or too much is waiting, and 500.
 */

/** One operation of the document, as far as it decides. */
export interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly in?: string; readonly name?: string }[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, unknown>>;
}

/** Successes other than 200. */
const SUCCESSES: Readonly<Record<string, readonly number[]>> = {
  "GET /chat": [426],
  "GET /ws/chat": [426],
  "GET /api/v1/ws/chat": [426],
  "PUT /v1/chat/uploads/{ticket}": [204],
  "PATCH /v1/chat/uploads/{ticket}": [204],
  "POST /v1/chat/rooms/{roomId}/attachments/{attachmentId}/complete": [201],
  "GET /v1/chat/rooms/{roomId}/attachments/{attachmentId}": [200, 206, 304, 416],
  "GET /v1/chat/files/{ticket}": [200, 206, 304, 416],
  "POST /v1/chat/events/{connectionId}": [202],
  "POST /v1/chat/admin/erasures": [202],
  "POST /v1/chat/rooms": [201, 200],
  "POST /v1/chat/rooms/{roomId}/messages": [201, 200, 202],
  "POST /v1/chat/rooms/{roomId}/join": [200, 202],
  "POST /v1/chat/rooms/{roomId}/messages/{messageId}/reactions": [201, 200],
  "POST /v1/chat/rooms/{roomId}/attachments": [201],
  "POST /v1/chat/rooms/{roomId}/mutes": [201, 200],
  "POST /v1/chat/rooms/{roomId}/invites": [201, 200],
  "POST /v1/chat/rooms/{roomId}/reports": [201, 200],
  "POST /v1/chat/rooms/{roomId}/members": [201, 200],
  "POST /v1/chat/rooms/{roomId}/bans": [201, 200],
  "POST /v1/chat/admin/announcements": [201, 200],
  "PUT /v1/chat/admin/consumers/{name}": [201, 200],
  "POST /v1/chat/admin/webhooks": [201],
};

/** What members of a room without a role are refused. */
const NOT_FOR_MEMBERS: ReadonlySet<string> = new Set(
  [
    "GET /messages/{messageId}",
    "GET /messages/{messageId}/history",
    "PATCH /messages/{messageId}",
    "DELETE /messages/{messageId}",
    "POST /messages/{messageId}/pin",
    "DELETE /messages/{messageId}/pin",
    "PUT ",
    "PATCH ",
    "DELETE ",
    "POST /archive",
    "DELETE /archive",
    "POST /transfer",
    "PATCH /members/{userId}",
    "GET /export",
    "GET /bans",
    "POST /bans",
    "DELETE /bans/{userId}",
    "GET /mutes",
    "POST /mutes",
    "DELETE /mutes/{userId}",
    "GET /requests",
    "POST /requests/{userId}/approve",
    "POST /requests/{userId}/deny",
    "GET /invites",
    "DELETE /invites/users/{userId}",
    "DELETE /invites/{invite}",
    "GET /moderation",
    "PUT /moderation",
    "POST /moderation/backtest",
    "GET /reports",
    "POST /reports/{reportId}/resolve",
    "GET /held",
    "POST /held/{heldId}/approve",
    "POST /held/{heldId}/reject",
    "GET /audit",
    "GET /stats",
    "GET /pseudonyms/bans",
    "PUT /pseudonyms/{pseudonym}/ban",
    "DELETE /pseudonyms/{pseudonym}/ban",
  ].map((each) => each.replace(" ", " /v1/chat/rooms/{roomId}")),
);

/** Failures that follow from no rule. */
const FAILURES: Readonly<Record<string, readonly number[]>> = {
  "GET /v1/chat/users/{userId}": [404],
  "PUT /v1/chat/me/notifications/rooms/{roomId}": [403, 409],
  "PUT /v1/chat/me/push-subscriptions": [404],
  "DELETE /v1/chat/me/push-subscriptions/{subscriptionId}": [404],
  "GET /v1/chat/presence": [404],
  "GET /v1/chat/invites/{invite}": [404],
  "POST /v1/chat/invites/{invite}": [404],
  "PUT /v1/chat/uploads/{ticket}": [404, 409, 413],
  "PATCH /v1/chat/uploads/{ticket}": [400, 404, 409, 413],
  "POST /v1/chat/rooms/{roomId}/attachments/{attachmentId}/complete": [409],
  "HEAD /v1/chat/uploads/{ticket}": [404],
  "GET /v1/chat/files/{ticket}": [404],
  "GET /v1/chat/admin/trace": [404],
  "POST /v1/chat/events/{connectionId}": [404],
  "DELETE /v1/chat/events/{connectionId}": [404],
  "GET /v1/chat/admin/erasures/{erasureId}": [404],
  "PUT /v1/chat/admin/limits": [409],
  "PUT /v1/chat/admin/consumers/{name}": [409],
  "GET /v1/chat/admin/consumers/{name}": [404],
  "DELETE /v1/chat/admin/consumers/{name}": [404],
  "GET /v1/chat/admin/consumers/{name}/events": [404],
  "POST /v1/chat/admin/consumers/{name}/commit": [404, 409],
  "POST /v1/chat/admin/webhooks": [409],
  "GET /v1/chat/admin/webhooks/{webhookId}": [404],
  "PATCH /v1/chat/admin/webhooks/{webhookId}": [404],
  "DELETE /v1/chat/admin/webhooks/{webhookId}": [404],
  "POST /v1/chat/admin/webhooks/{webhookId}/secret": [404],
  "POST /v1/chat/admin/webhooks/{webhookId}/ping": [404],
  "POST /v1/chat/admin/webhooks/{webhookId}/replay": [404],
  "GET /v1/chat/admin/webhooks/{webhookId}/dead-letters": [404],
  "POST /v1/chat/admin/webhooks/{webhookId}/dead-letters/{letterId}/replay": [404],
  "DELETE /v1/chat/admin/webhooks/{webhookId}/dead-letters/{letterId}": [404],
};

/** What a rule says and is not so: no such id is refused for its form, the body has a bound of its own, or nothing can be in conflict. */
const NEVER: Readonly<Record<string, readonly number[]>> = {
  "DELETE /v1/chat/events/{connectionId}": [400],
  "GET /v1/chat/admin/erasures/{erasureId}": [400],
  "POST /v1/chat/admin/erasures": [413],
  "POST /v1/chat/admin/erasures/verify": [413],
  // A mark is no event: what is repeated under its key changes nothing, whatever else it says.
  "POST /v1/chat/rooms/{roomId}/unread": [409],
};

const CHAT = "/v1/chat/";
const ADMIN = "/v1/chat/admin/";

/** `path` as the document writes it: `/v1/chat/rooms/{roomId}`. Ascending. */
function statusesOf(method: string, path: string, operation: Operation): readonly number[] {
  const name = `${method.toUpperCase()} ${path}`;
  const has = (kind: string): boolean => (operation.parameters ?? []).some((each) => each.in === kind);
  const isSecured = path.startsWith(CHAT) && operation.security?.length !== 0;
  const inRoom = path.includes("{roomId}");
  const statuses = new Set<number>(SUCCESSES[name] ?? [200]);
  const add = (status: number, when: boolean): void => void (when && statuses.add(status));
  add(401, isSecured);
  add(429, isSecured);
  add(400, isSecured && (has("path") || has("query") || operation.requestBody !== undefined));
  add(413, isSecured && operation.requestBody !== undefined);
  add(404, isSecured && inRoom && !path.startsWith(ADMIN));
  add(403, path.startsWith(ADMIN) || NOT_FOR_MEMBERS.has(name));
  const isMutation = (operation.parameters ?? []).some((each) => each.name === "idempotency-key");
  add(409, isMutation && inRoom);
  for (const status of FAILURES[name] ?? []) statuses.add(status);
  for (const status of NEVER[name] ?? []) statuses.delete(status);
  return [...statuses].sort((a, b) => a - b);
}

const MEANINGS: Readonly<Record<number, string>> = {
  200: "Done",
  201: "Made",
  202: "Taken in; somebody has to agree",
  204: "Taken: `Upload-Offset` says how much is there",
  206: "The part that was asked for",
  304: "The same as before",
  400: "Something in the request is not acceptable: `details.field` names it",
  401: "No good token",
  403: "Not allowed",
  404: "Not there, or not to be known",
  409: "In conflict with what is there, or with another request of this name",
  413: "Larger than allowed",
  416: "There is no such part",
  426: "Only for WebSockets",
  429: "Too many requests: again after `Retry-After`",
  503: "Not ready",
};

/** For `responses` of the document; what an operation says itself is left as it is. */
export function answersOf(method: string, path: string, operation: Operation): Readonly<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const status of statusesOf(method, path, operation)) {
    const said = operation.responses?.[String(status)];
    answers[status] = said ?? { description: MEANINGS[status] ?? "", ...contentOf(status, path) };
  }
  return { ...answers, ...operation.responses };
}

function contentOf(status: number, path: string): object {
  if (!path.startsWith(CHAT) || path === "/v1/chat/health") return {};
  const name = status < 400 ? "Success" : "Failure";
  return { content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } } };
}

/** The envelopes of `envelope.ts`. */
export const ENVELOPES = {
  Success: {
    type: "object",
    required: ["success", "data"],
    properties: { success: { const: true }, data: { type: "object" } },
  },
  Failure: {
    type: "object",
    required: ["success", "error"],
    properties: {
      success: { const: false },
      error: {
        type: "object",
        required: ["code", "message"],
        properties: {
          code: { type: "string" },
          message: { type: "string" },
          details: {
            type: "object",
            properties: {
              field: { type: "string" },
              temporary: { const: true },
              retryAfterMs: { type: "integer", minimum: 0 },
            },
          },
        },
      },
    },
  },
} as const;
