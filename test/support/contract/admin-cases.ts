/** What administrators ask of their tenant: statuses that need another request than the usual one. */
import { type Cases, type ContractWorld, GUEST, MEMBER, OWNER } from "./contract-world.ts";

const TRACE = "GET /v1/chat/admin/trace";
const ANNOUNCE = "POST /v1/chat/admin/announcements";
const SUSPEND = "PUT /v1/chat/admin/users/{userId}/suspension";

async function traced(world: ContractWorld, user: string) {
  const place = await world.place();
  const query = `?roomId=${place.roomId}&messageId=${place.messageId}&userId=${MEMBER}`;
  return world.at(TRACE, place, { token: world.token(user), query });
}

let said = 0;
async function announced(world: ContractWorld, times: number) {
  said += 1;
  const body = { content: "hello", clientId: `announced_${said}` };
  let reply = await world.rest(OWNER, "POST", "/admin/announcements", body);
  for (let i = 1; i < times; i += 1) reply = await world.rest(OWNER, "POST", "/admin/announcements", body);
  return reply;
}

export const ADMIN_CASES: Cases = {
  [`${TRACE} 200`]: (world) => traced(world, OWNER),
  [`${TRACE} 403`]: (world) => traced(world, MEMBER),
  [`${TRACE} 400`]: (world) => world.rest(OWNER, "GET", "/admin/trace"),
  [`${TRACE} 404`]: (world) =>
    world.rest(OWNER, "GET", `/admin/trace?roomId=no_such_room&messageId=msg_1&userId=${MEMBER}`),
  [`${ANNOUNCE} 201`]: (world) => announced(world, 1),
  [`${ANNOUNCE} 200`]: (world) => announced(world, 2),
  [`${SUSPEND} 403`]: (world) => world.rest(MEMBER, "PUT", `/admin/users/${GUEST}/suspension`, {}),
  "GET /v1/chat/admin/overview 400": (world) => world.rest(OWNER, "GET", "/admin/overview?since=lately"),
  "GET /v1/chat/admin/rooms 400": (world) => world.rest(OWNER, "GET", "/admin/rooms?limit=x"),
  "GET /v1/chat/admin/stats 400": (world) => world.rest(OWNER, "GET", "/admin/stats?days=x"),
  "PUT /v1/chat/admin/limits 409": (world) => world.rest(OWNER, "PUT", "/admin/limits", { version: 99 }),
};
