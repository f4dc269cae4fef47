/** Files: announced, sent, completed, fetched. */
import { textAt } from "../json.ts";
import type { RestReply } from "../server.ts";
import { type Cases, type ContractWorld, MEMBER, OWNER, type Place } from "./contract-world.ts";

const TEXT = "a file of some words\n";
const FILE = "/v1/chat/rooms/{roomId}/attachments/{attachmentId}";
const CHUNK = { "content-type": "application/offset+octet-stream", "upload-offset": "0" };

interface Announced {
  readonly place: Place;
  readonly attachmentId: string;
  readonly ticket: string;
}

async function announced(world: ContractWorld): Promise<Announced> {
  const place = await world.place();
  const wish = { name: "a.txt", size: TEXT.length, type: "text/plain" };
  const data = await world.done(OWNER, "POST", `/rooms/${place.roomId}/attachments`, wish);
  return { place, attachmentId: textAt(data, "attachmentId"), ticket: textAt(data, "upload.ticket") };
}

async function sent(world: ContractWorld): Promise<Announced> {
  const file = await announced(world);
  await world.server.rest("PUT", `/v1/chat/uploads/${file.ticket}`, { body: TEXT });
  return file;
}

async function complete(world: ContractWorld): Promise<Announced & { readonly reply: RestReply }> {
  const file = await sent(world);
  const path = `/rooms/${file.place.roomId}/attachments/${file.attachmentId}/complete`;
  return { ...file, reply: await world.rest(OWNER, "POST", path, { ticket: file.ticket }) };
}

async function fetched(world: ContractWorld, path: (file: Announced) => string): Promise<RestReply> {
  return world.rest(OWNER, "GET", path(await complete(world)));
}

const ticketless = (method: string) => (world: ContractWorld) =>
  world.server.rest(method, "/v1/chat/uploads/no_ticket", { headers: method === "PATCH" ? CHUNK : {} });

export const FILE_CASES: Cases = {
  "POST /v1/chat/rooms/{roomId}/attachments 201": async (world) => {
    const { roomId } = await world.place();
    return world.rest(OWNER, "POST", `/rooms/${roomId}/attachments`, { name: "a.txt", size: 5, type: "text/plain" });
  },
  "PUT /v1/chat/uploads/{ticket} 204": async (world) =>
    world.server.rest("PUT", `/v1/chat/uploads/${(await announced(world)).ticket}`, { body: TEXT }),
  "PATCH /v1/chat/uploads/{ticket} 204": async (world) => {
    const { ticket } = await announced(world);
    return world.server.rest("PATCH", `/v1/chat/uploads/${ticket}`, { body: TEXT, headers: CHUNK });
  },
  "HEAD /v1/chat/uploads/{ticket} 200": async (world) =>
    world.server.rest("HEAD", `/v1/chat/uploads/${(await announced(world)).ticket}`),
  "PUT /v1/chat/uploads/{ticket} 404": ticketless("PUT"),
  "PATCH /v1/chat/uploads/{ticket} 404": ticketless("PATCH"),
  "HEAD /v1/chat/uploads/{ticket} 404": ticketless("HEAD"),
  [`POST ${FILE}/complete 201`]: async (world) => (await complete(world)).reply,
  [`GET ${FILE} 200`]: (world) =>
    fetched(world, ({ place, attachmentId }) => `/rooms/${place.roomId}/attachments/${attachmentId}`),
  [`GET ${FILE}/link 200`]: (world) =>
    fetched(world, ({ place, attachmentId }) => `/rooms/${place.roomId}/attachments/${attachmentId}/link`),
  "GET /v1/chat/files/{ticket} 200": async (world) => {
    const link = await fetched(
      world,
      ({ place, attachmentId }) => `/rooms/${place.roomId}/attachments/${attachmentId}/link`,
    );
    const url = new URL(textAt(link.body.data, "url"), world.server.http);
    return world.server.rest("GET", url.pathname + url.search);
  },
  "GET /v1/chat/files/{ticket} 404": (world) => world.rest(MEMBER, "GET", "/files/no_ticket"),
};
