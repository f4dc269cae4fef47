/** Statuses that most operations answer with for the same reason: one way to produce each, from what the document says. */
import type { RestReply } from "../server.ts";
import { type ContractWorld, type Documented, MEMBER, OWNER, type Place } from "./contract-world.ts";

const TOO_LARGE = JSON.stringify({ content: "x".repeat(70_000) });
const BAD_ID = "not an id";
/** Requests until the bound of one a second is seen. */
const TRIES_MAX = 5;

/** `undefined`: there is no general way. */
export function general(operation: Documented, status: number, world: ContractWorld): Promise<RestReply> | undefined {
  const { name, hasBody } = operation;
  const owner = world.token(OWNER);
  const withPlace = async (ask: (place: Place) => Promise<RestReply>): Promise<RestReply> => ask(await world.place());
  /** For what is refused before anything is done. */
  const atDoor = async (ask: (place: Place) => Promise<RestReply>): Promise<RestReply> => ask(await world.door());
  switch (status) {
    case 200:
    case 201:
    case 202:
      return withPlace(async (place) => {
        const first = await world.at(name, place, { token: owner });
        // Made before: the same request again.
        return status === 200 && first.status === 201 ? world.at(name, place, { token: owner }) : first;
      });
    case 400:
      return atDoor((place) => {
        if (hasBody) return world.at(name, place, { token: owner, body: "[]" });
        const query = operation.parameters.find((each) => each.in === "query" && each.name === "limit");
        if (query !== undefined) return world.at(name, place, { token: owner, query: "?limit=x" });
        return world.at(name, place, { token: owner, params: { roomId: BAD_ID, userId: BAD_ID } });
      });
    case 401:
      return atDoor((place) => world.at(name, place, {}));
    case 403:
      return withPlace((place) => world.at(name, place, { token: world.token(MEMBER) }));
    case 404:
      return atDoor((place) => world.at(name, place, { token: owner, params: { roomId: "no_such_room" } }));
    case 409:
      return withPlace(async (place) => {
        const taken = { content: "first", clientId: "taken" };
        await world.done(OWNER, "POST", `/rooms/${place.roomId}/messages`, taken);
        return world.at(name, place, { token: owner, headers: { "idempotency-key": "taken" } });
      });
    case 413:
      return atDoor((place) => world.at(name, place, { token: owner, body: TOO_LARGE }));
    case 426:
      return atDoor((place) => world.at(name, place, {}));
    case 429:
      return (async () => {
        const [method = "", path = ""] = name.split(" ");
        const token = world.strict.token({ user: `user_${crypto.randomUUID()}`, role: "admin" });
        const ask = (): Promise<RestReply> => world.strict.rest(method, path.replaceAll(/\{\w+\}/g, "x"), { token });
        let answer = await ask();
        // A busy machine may take so long for one that the next is allowed again.
        for (let i = 0; i < TRIES_MAX && answer.status !== 429; i += 1) answer = await ask();
        return answer;
      })();
    default:
      return undefined;
  }
}
