/** Files: announced, sent, completed, fetched. */
import { at, textAt } from "../json.ts";
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

/** With these headers, by its own address or by a signed one. */
const asked =
  (headers: Readonly<Record<string, string>>, isLinked = false) =>
  async (world: ContractWorld): Promise<RestReply> => {
    const { place, attachmentId } = await complete(world);
    const path = `/v1/chat/rooms/${place.roomId}/attachments/${attachmentId}`;
    const token = world.token(OWNER);
    const own = { ...headers, ...(headers["if-none-match"] !== undefined && { "if-none-match": `"${attachmentId}"` }) };
    if (!isLinked) return world.server.rest("GET", path, { token, headers: own });
    const link = await world.server.rest("GET", `${path}/link`, { token });
    return world.server.rest("GET", textAt(link.body.data, "url"), { headers: own });
  };

/** A picture of one point, which has a small one as well. */
const PICTURE = Buffer.from("R0lGODlhAQABAIAAAMwAZv///ywAAAAAAQABAAACAkQBADs=", "base64");

/** As often as a busy machine needs: a small picture that is not made in time is none. */
async function pictured(world: ContractWorld): Promise<string> {
  const { roomId } = await world.place();
  const wish = { name: "a.gif", size: PICTURE.length, type: "image/gif" };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const data = await world.done(OWNER, "POST", `/rooms/${roomId}/attachments`, wish);
    const ticket = textAt(data, "upload.ticket");
    await fetch(`${world.server.http}/v1/chat/uploads/${ticket}`, { method: "PUT", body: PICTURE });
    const path = `/rooms/${roomId}/attachments/${textAt(data, "attachmentId")}`;
    const done = await world.done(OWNER, "POST", `${path}/complete`, { ticket });
    if (at(done, "thumbnailUrl") !== undefined) return path;
  }
  throw new Error("no small picture was made, five times");
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
  "PUT /v1/chat/uploads/{ticket} 409": async (world) =>
    world.server.rest("PUT", `/v1/chat/uploads/${(await sent(world)).ticket}`, { body: TEXT }),
  "PATCH /v1/chat/uploads/{ticket} 409": async (world) =>
    world.server.rest("PATCH", `/v1/chat/uploads/${(await sent(world)).ticket}`, { body: TEXT, headers: CHUNK }),
  "PUT /v1/chat/uploads/{ticket} 413": async (world) =>
    world.server.rest("PUT", `/v1/chat/uploads/${(await announced(world)).ticket}`, { body: `${TEXT}more` }),
  "PATCH /v1/chat/uploads/{ticket} 413": async (world) => {
    const { ticket } = await announced(world);
    return world.server.rest("PATCH", `/v1/chat/uploads/${ticket}`, { body: `${TEXT}more`, headers: CHUNK });
  },
  "PATCH /v1/chat/uploads/{ticket} 400": async (world) =>
    world.server.rest("PATCH", `/v1/chat/uploads/${(await announced(world)).ticket}`, { body: TEXT }),
  [`POST ${FILE}/complete 409`]: async (world) => {
    const { place, attachmentId, ticket } = await announced(world);
    return world.rest(OWNER, "POST", `/rooms/${place.roomId}/attachments/${attachmentId}/complete`, { ticket });
  },
  [`GET ${FILE}/thumbnail 200`]: async (world) => world.rest(OWNER, "GET", `${await pictured(world)}/thumbnail`),
  [`GET ${FILE} 206`]: asked({ range: "bytes=1-2" }),
  [`GET ${FILE} 304`]: asked({ "if-none-match": "its own" }),
  [`GET ${FILE} 416`]: asked({ range: "bytes=999-" }),
  "GET /v1/chat/files/{ticket} 206": asked({ range: "bytes=1-2" }, true),
  "GET /v1/chat/files/{ticket} 304": asked({ "if-none-match": "its own" }, true),
  "GET /v1/chat/files/{ticket} 416": asked({ range: "bytes=999-" }, true),
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
