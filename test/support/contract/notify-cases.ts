/** What people want to be told of while they are away, and their browsers. */
import { NOTIFY_ROOMS_MAX } from "../../../src/base/limits.ts";
import { BROWSER } from "../isolation-cases.ts";
import { textAt } from "../json.ts";
import { type Cases, type ContractWorld, GUEST, MEMBER, OWNER } from "./contract-world.ts";

const ROOM = "PUT /v1/chat/me/notifications/rooms/{roomId}";
const REMOVE = "DELETE /v1/chat/me/push-subscriptions/{subscriptionId}";

/** They have as many settings as they may have. */
async function manyRooms(world: ContractWorld): Promise<string> {
  const user = "collector";
  const setOne = async (i: number): Promise<string> => {
    const roomId = `collected_${i}`;
    await world.done(user, "POST", "/rooms", { roomId, name: roomId, type: "group" });
    if (i < NOTIFY_ROOMS_MAX) await world.done(user, "PUT", `/me/notifications/rooms/${roomId}`, { level: "none" });
    return roomId;
  };
  const all = await Promise.all(Array.from({ length: NOTIFY_ROOMS_MAX + 1 }, (_, i) => setOne(i)));
  return all.at(-1) ?? "";
}

export const NOTIFY_CASES: Cases = {
  [`${ROOM} 403`]: async (world) =>
    world.at(ROOM, await world.place(), { token: world.token(GUEST), body: { level: "all" } }),
  [`${ROOM} 409`]: async (world) => {
    const roomId = await manyRooms(world);
    return world.rest("collector", "PUT", `/me/notifications/rooms/${roomId}`, { level: "all" });
  },
  "PUT /v1/chat/me/push-subscriptions 404": ({ strict }) => {
    const token = strict.token({ user: "browser" });
    return strict.rest("PUT", "/v1/chat/me/push-subscriptions", { token, body: BROWSER });
  },
  [`${REMOVE} 200`]: async (world) => {
    const put = await world.done(MEMBER, "PUT", "/me/push-subscriptions", BROWSER);
    return world.rest(MEMBER, "DELETE", `/me/push-subscriptions/${textAt(put, "subscriptionId")}`);
  },
  [`${REMOVE} 404`]: (world) => world.rest(OWNER, "DELETE", "/me/push-subscriptions/none"),
  [`${REMOVE} 400`]: (world) => world.rest(OWNER, "DELETE", "/me/push-subscriptions/NONE"),
};
