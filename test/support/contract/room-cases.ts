/** Rooms, their people, invites and requests: statuses that need something to be there first. */
import { listAt, textAt } from "../json.ts";
import { type Cases, type ContractWorld, GUEST, MEMBER, OWNER, type Place } from "./contract-world.ts";

/** `GUEST` has asked to join. */
async function asked(world: ContractWorld): Promise<Place> {
  const place = await world.place({ requireApproval: true });
  await world.done(GUEST, "POST", `/rooms/${place.roomId}/join`, {});
  return place;
}

/** `GUEST` is invited. */
async function invited(world: ContractWorld): Promise<Place> {
  const place = await world.place({ type: "private" });
  await world.done(OWNER, "POST", `/rooms/${place.roomId}/invites`, { userId: GUEST });
  return place;
}

const at = (operation: string, make: (world: ContractWorld) => Promise<Place>, user: string, params = {}) => {
  return async (world: ContractWorld) => world.at(operation, await make(world), { token: world.token(user), params });
};
const inRoom = (world: ContractWorld): Promise<Place> => world.place();
let made = 0;
const newRoom = () => {
  made += 1;
  return { name: "made", type: "group", participants: [MEMBER], clientId: `made_${made}` };
};

export const ROOM_CASES: Cases = {
  "POST /v1/chat/rooms 201": (world) => world.rest(OWNER, "POST", "/rooms", newRoom()),
  "POST /v1/chat/rooms 200": async (world) => {
    const room = newRoom();
    await world.done(OWNER, "POST", "/rooms", room);
    return world.rest(OWNER, "POST", "/rooms", room);
  },
  "POST /v1/chat/rooms/{roomId}/join 202": async (world) => {
    const { roomId } = await world.place({ requireApproval: true });
    return world.rest(GUEST, "POST", `/rooms/${roomId}/join`, {});
  },
  "POST /v1/chat/rooms/{roomId}/leave 200": at("POST /v1/chat/rooms/{roomId}/leave", inRoom, MEMBER),
  "DELETE /v1/chat/rooms/{roomId}/leave 200": at("DELETE /v1/chat/rooms/{roomId}/leave", inRoom, MEMBER),
  "POST /v1/chat/rooms/{roomId}/requests/{userId}/approve 200": at(
    "POST /v1/chat/rooms/{roomId}/requests/{userId}/approve",
    asked,
    OWNER,
    { userId: GUEST },
  ),
  "POST /v1/chat/rooms/{roomId}/requests/{userId}/deny 200": at(
    "POST /v1/chat/rooms/{roomId}/requests/{userId}/deny",
    asked,
    OWNER,
    { userId: GUEST },
  ),
  "DELETE /v1/chat/rooms/{roomId}/invites/users/{userId} 200": at(
    "DELETE /v1/chat/rooms/{roomId}/invites/users/{userId}",
    invited,
    OWNER,
    { userId: GUEST },
  ),
  "GET /v1/chat/rooms/{roomId}/invite 200": at("GET /v1/chat/rooms/{roomId}/invite", invited, GUEST),
  "DELETE /v1/chat/rooms/{roomId}/invite 200": at("DELETE /v1/chat/rooms/{roomId}/invite", invited, GUEST),
  "GET /v1/chat/invites/{invite} 400": (world) => world.rest(OWNER, "GET", `/invites/${"x".repeat(500)}`),
  "GET /v1/chat/invites/{invite} 404": (world) => world.rest(OWNER, "GET", "/invites/nobody.knows"),
  "POST /v1/chat/invites/{invite} 404": (world) => world.rest(OWNER, "POST", "/invites/nobody.knows", {}),
  "GET /v1/chat/presence 200": (world) => world.rest(OWNER, "GET", `/presence?userId=${OWNER}`),
  "GET /v1/chat/presence 400": (world) => world.rest(OWNER, "GET", "/presence?userId=not%20an%20id"),
  "GET /v1/chat/presence 404": (world) => world.rest(OWNER, "GET", "/presence?userId=nobody"),
  "GET /v1/chat/users/{userId} 200": (world) => world.rest(OWNER, "GET", `/users/${OWNER}`),
  "GET /v1/chat/users/{userId} 404": (world) => world.rest(OWNER, "GET", "/users/nobody"),
  "PUT /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban 200": async (world) => {
    const { place, pseudonym } = await anonymous(world);
    const operation = "PUT /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban";
    return world.at(operation, place, { token: world.token(OWNER), params: { pseudonym } });
  },
  "DELETE /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban 200": async (world) => {
    const { place, pseudonym } = await anonymous(world);
    await world.done(OWNER, "PUT", `/rooms/${place.roomId}/pseudonyms/${pseudonym}/ban`, {});
    const operation = "DELETE /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban";
    return world.at(operation, place, { token: world.token(OWNER), params: { pseudonym } });
  },
};

async function anonymous(world: ContractWorld): Promise<{ readonly place: Place; readonly pseudonym: string }> {
  const place = await world.place({ allowAnonymous: true });
  await world.done(MEMBER, "POST", `/rooms/${place.roomId}/messages`, { content: "who?", isAnonymous: true });
  const history = await world.done(OWNER, "GET", `/rooms/${place.roomId}/messages`);
  const found = JSON.stringify(listAt(history, "messages").at(-1));
  const pseudonym = /"(anon_\w+)"/.exec(found)?.[1];
  if (pseudonym === undefined) throw new Error(`no pseudonym: ${found} ${textAt(history, "messages.0.content")}`);
  return { place, pseudonym };
}
