/** Event feed and named consumers: statuses that need a case of their own. */
import { FEED_CONSUMERS_MAX } from "../../../src/base/limits.ts";
import { type Cases, type ContractWorld, OWNER } from "./contract-world.ts";

const CONSUMER = "/v1/chat/admin/consumers/{name}";
let made = 0;

/** The path of a new one. */
async function consumer(world: ContractWorld): Promise<string> {
  made += 1;
  const path = `/admin/consumers/contract_${made}`;
  await world.done(OWNER, "PUT", path, {});
  return path;
}

const ABSENT = "/admin/consumers/nobody";

export const FEED_CASES: Cases = {
  [`GET ${CONSUMER} 200`]: async (world) => world.rest(OWNER, "GET", await consumer(world)),
  [`GET ${CONSUMER} 404`]: (world) => world.rest(OWNER, "GET", ABSENT),
  [`GET ${CONSUMER} 400`]: (world) => world.rest(OWNER, "GET", "/admin/consumers/%20"),
  [`DELETE ${CONSUMER} 200`]: async (world) => world.rest(OWNER, "DELETE", await consumer(world)),
  [`DELETE ${CONSUMER} 404`]: (world) => world.rest(OWNER, "DELETE", ABSENT),
  [`DELETE ${CONSUMER} 400`]: (world) => world.rest(OWNER, "DELETE", "/admin/consumers/%20"),
  [`PUT ${CONSUMER} 201`]: (world) => world.rest(OWNER, "PUT", "/admin/consumers/contract_new", {}),
  [`PUT ${CONSUMER} 200`]: async (world) => world.rest(OWNER, "PUT", await consumer(world), {}),
  [`PUT ${CONSUMER} 409`]: async (world) => {
    const token = world.server.token({ user: "many", tenant: "many", role: "admin" });
    const put = (i: number) => world.server.rest("PUT", `/v1/chat/admin/consumers/c${i}`, { token, body: {} });
    const all = await Promise.all(Array.from({ length: FEED_CONSUMERS_MAX }, (_, i) => put(i)));
    if (all.some(({ status }) => status !== 201)) throw new Error("not so many may be made");
    return put(FEED_CONSUMERS_MAX);
  },
  [`GET ${CONSUMER}/events 200`]: async (world) => world.rest(OWNER, "GET", `${await consumer(world)}/events`),
  [`GET ${CONSUMER}/events 404`]: (world) => world.rest(OWNER, "GET", `${ABSENT}/events`),
  [`POST ${CONSUMER}/commit 200`]: async (world) =>
    world.rest(OWNER, "POST", `${await consumer(world)}/commit`, { after: "1-0-0-0" }),
  [`POST ${CONSUMER}/commit 404`]: (world) => world.rest(OWNER, "POST", `${ABSENT}/commit`, { after: "1-0-0-0" }),
  [`POST ${CONSUMER}/commit 409`]: async (world) =>
    world.rest(OWNER, "POST", `${await consumer(world)}/commit`, { after: "1-0-0-0", from: "9-0-0-0" }),
};
