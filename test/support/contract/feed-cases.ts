/** Event feed and named consumers: statuses that need a case of their own. */
import { FEED_CONSUMERS_MAX, WEBHOOKS_MAX } from "../../../src/base/limits.ts";
import { eventually } from "../eventually.ts";
import { textAt } from "../json.ts";
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

const HOOK = "/v1/chat/admin/webhooks/{webhookId}";
const LETTER = `${HOOK}/dead-letters/{letterId}`;
const NO_LETTER = "/admin/webhooks/wh_none/dead-letters/0.1-0-0-0";
const PLACE = { url: "https://receiver.invalid/", paused: true };

/** The path of a new one, which nothing is delivered to. */
async function webhook(world: ContractWorld): Promise<string> {
  return `/admin/webhooks/${textAt(await world.done(OWNER, "POST", "/admin/webhooks", PLACE), "webhookId")}`;
}

/** A webhook whose receiver refused one message, and where the dead letter is. */
async function deadLetter(world: ContractWorld): Promise<string> {
  const refusing = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("", { status: 400 }) });
  try {
    const { roomId } = await world.place();
    const url = `http://127.0.0.1:${refusing.port}/`;
    const wish = { url, rooms: [roomId], types: ["new_message"] };
    const path = `/admin/webhooks/${textAt(await world.done(OWNER, "POST", "/admin/webhooks", wish), "webhookId")}`;
    await world.done(OWNER, "POST", `/rooms/${roomId}/messages`, { content: "refused" });
    return await eventually(async () => {
      const letters = await world.done(OWNER, "GET", `${path}/dead-letters`);
      return `${path}/dead-letters/${textAt(letters, "deadLetters.0.letterId")}`;
    }, 20_000);
  } finally {
    void refusing.stop(true);
  }
}

/** All that want the id of a webhook answer so without one. */
const absent =
  (method: string, rest = "", body?: object) =>
  (world: ContractWorld) =>
    world.rest(OWNER, method, `/admin/webhooks/wh_none${rest}`, body);
const malformed =
  (method: string, rest = "", body?: object) =>
  (world: ContractWorld) =>
    world.rest(OWNER, method, `/admin/webhooks/%20${rest}`, body);

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
  "POST /v1/chat/admin/webhooks 409": async (world) => {
    const token = world.server.token({ user: "many", tenant: "many_hooks", role: "admin" });
    const make = () => world.server.rest("POST", "/v1/chat/admin/webhooks", { token, body: PLACE });
    for (let i = 0; i < WEBHOOKS_MAX; i += 1) {
      if ((await make()).status !== 201) throw new Error("not so many may be made");
    }
    return make();
  },
  [`GET ${HOOK} 200`]: async (world) => world.rest(OWNER, "GET", await webhook(world)),
  [`GET ${HOOK} 400`]: malformed("GET"),
  [`GET ${HOOK} 404`]: absent("GET"),
  [`PATCH ${HOOK} 200`]: async (world) => world.rest(OWNER, "PATCH", await webhook(world), { description: "mine" }),
  [`PATCH ${HOOK} 404`]: absent("PATCH", "", {}),
  [`DELETE ${HOOK} 200`]: async (world) => world.rest(OWNER, "DELETE", await webhook(world)),
  [`DELETE ${HOOK} 400`]: malformed("DELETE"),
  [`DELETE ${HOOK} 404`]: absent("DELETE"),
  [`POST ${HOOK}/secret 200`]: async (world) => world.rest(OWNER, "POST", `${await webhook(world)}/secret`),
  [`POST ${HOOK}/secret 400`]: malformed("POST", "/secret"),
  [`POST ${HOOK}/secret 404`]: absent("POST", "/secret"),
  [`POST ${HOOK}/ping 200`]: async (world) => world.rest(OWNER, "POST", `${await webhook(world)}/ping`),
  [`POST ${HOOK}/ping 400`]: malformed("POST", "/ping"),
  [`POST ${HOOK}/ping 404`]: absent("POST", "/ping"),
  [`POST ${HOOK}/replay 200`]: async (world) =>
    world.rest(OWNER, "POST", `${await webhook(world)}/replay`, { from: "beginning" }),
  [`POST ${HOOK}/replay 404`]: absent("POST", "/replay", { from: "now" }),
  [`GET ${HOOK}/dead-letters 200`]: async (world) => world.rest(OWNER, "GET", `${await webhook(world)}/dead-letters`),
  [`GET ${HOOK}/dead-letters 404`]: absent("GET", "/dead-letters"),
  [`POST ${LETTER}/replay 200`]: async (world) => world.rest(OWNER, "POST", `${await deadLetter(world)}/replay`),
  [`POST ${LETTER}/replay 400`]: malformed("POST", "/dead-letters/0.1-0-0-0/replay"),
  [`POST ${LETTER}/replay 404`]: (world) => world.rest(OWNER, "POST", `${NO_LETTER}/replay`),
  [`DELETE ${LETTER} 200`]: async (world) => world.rest(OWNER, "DELETE", await deadLetter(world)),
  [`DELETE ${LETTER} 400`]: malformed("DELETE", "/dead-letters/0.1-0-0-0"),
  [`DELETE ${LETTER} 404`]: (world) => world.rest(OWNER, "DELETE", NO_LETTER),
};
