/** Files on the real server: announced, sent, looked at, referred to, fetched and given up; in a folder and in a bucket. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { BUCKET, type S3Server, startS3 } from "../support/s3-server.ts";
import { withinOneDay } from "../support/same-day.ts";
import { type RestReply, runServerToExit, TestServer } from "../support/server.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const HTML = Buffer.from("<!doctype html><script>alert(1)</script>");
const CHUNK = { "content-type": "application/offset+octet-stream" };
const FILE_BYTES_MAX = 3 * 1024 * 1024;
const START_MS_MAX = 60_000;

for (const store of ["a folder, on SQLite", "a bucket, on DynamoDB"] as const) {
  describe(`files in ${store}`, () => {
    let server: TestServer;
    let s3: S3Server | undefined;
    /** Of a second node with the same stores. */
    let shared: Record<string, string> = {};
    let dynamo: DynamoServer | undefined;
    let rooms = 0;

    beforeAll(async () => {
      const env = {
        MAX_FILE_SIZE: String(FILE_BYTES_MAX),
        STOA_RATE_BURST: "10000",
        STOA_SHARDS: "2",
        STOA_HEARTBEAT_MS: "200",
      };
      if (store === "a folder, on SQLite") server = await TestServer.start({ env });
      else {
        [s3, dynamo] = await Promise.all([startS3(), startDynalite()]);
        shared = { ...env, ...(await bucketAndTables(s3, dynamo)) };
        server = await TestServer.start({ env: shared });
      }
    }, START_MS_MAX);
    afterAll(async () => {
      await server?.dispose();
      await Promise.all([s3?.stop(), dynamo?.stop()]);
    });

    const tokenOf = (user: string, tenant = "acme"): string => server.token({ user, tenant, name: user });
    /** What is temporary is asked again, as clients do: a killed node's rooms are nobody's for a while. */
    async function rest(
      user: string,
      method: string,
      path: string,
      body?: unknown,
      node: TestServer = server,
    ): Promise<RestReply> {
      const untilMs = performance.now() + 10_000;
      for (;;) {
        const options = { token: tokenOf(user), ...(body !== undefined && { body }) };
        const reply = await node.rest(method, `/v1/chat${path}`, options);
        if (reply.body.error?.code !== "unavailable" || performance.now() > untilMs) return reply;
        await Bun.sleep(100);
      }
    }

    /** Of ann and bob; carl is elsewhere. */
    async function newRoom(settings: object = {}): Promise<string> {
      rooms += 1;
      const roomId = `files_${rooms}`;
      const room = { roomId, name: roomId, type: "group", participants: ["bob"], ...settings };
      const made = await rest("ann", "POST", "/rooms", room);
      // 200: it was carried out, and asked for again since the room was just moving to another node.
      expect([200, 201], made.text).toContain(made.status);
      return roomId;
    }
    async function announce(room: string, size: number, type?: string, name = "a.png", user = "ann") {
      const asked = { name, size, ...(type !== undefined && { type }) };
      const begun = await rest(user, "POST", `/rooms/${room}/attachments`, asked);
      expect([begun.status, begun.body.error]).toEqual([201, undefined]);
      const { data } = begun.body;
      const here = (url: string): string => (url.startsWith("/") ? server.http + url : url);
      return {
        id: textAt(data, "attachmentId"),
        ticket: textAt(data, "upload.ticket"),
        url: here(textAt(data, "upload.url")),
        resumableUrl: here(textAt(data, "upload.resumableUrl")),
      };
    }
    const complete = (room: string, { id, ticket }: { id: string; ticket: string }, user = "ann"): Promise<RestReply> =>
      rest(user, "POST", `/rooms/${room}/attachments/${id}/complete`, { ticket });
    async function uploaded(room: string, bytes: Uint8Array, type?: string, name?: string): Promise<object> {
      const upload = await announce(room, bytes.length, type, name);
      const put = await fetch(upload.url, { method: "PUT", body: bytes });
      expect(put.ok).toBe(true);
      const done = await complete(room, upload);
      expect([done.status, done.body.error]).toEqual([201, undefined]);
      return done.body.data as object;
    }
    /** With a small one beside it: on a busy machine one may not be made in time, and then there is none. */
    async function pictured(room: string): Promise<object> {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const file = await uploaded(room, PNG, "image/png");
        if (at(file, "thumbnailUrl") !== undefined) return file;
      }
      throw new Error("no small picture was made, five times");
    }
    const download = (user: string, file: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
      fetch(server.http + textAt(file, "url"), { headers: { authorization: `Bearer ${tokenOf(user)}`, ...headers } });

    test("a picture is uploaded, shown in a message and fetched by a member, and by nobody else", async () => {
      const room = await newRoom();
      const file = await pictured(room);
      expect(file).toEqual({
        id: expect.stringMatching(/^file_/),
        type: "image",
        url: `/v1/chat/rooms/${room}/attachments/${textAt(file, "id")}`,
        fileName: "a.png",
        fileSize: PNG.length,
        mimeType: "image/png",
        thumbnailUrl: `/v1/chat/rooms/${room}/attachments/${textAt(file, "id")}/thumbnail`,
      });
      const small = await fetch(server.http + textAt(file, "thumbnailUrl"), {
        headers: { authorization: `Bearer ${tokenOf("ann")}` },
      });
      expect([small.status, small.headers.get("content-type")]).toEqual([200, "image/webp"]);
      expect(Buffer.from(await small.bytes()).toString("latin1", 8, 12)).toBe("WEBP");
      expect((await rest("bob", "GET", `/rooms/${room}/attachments/${textAt(file, "id")}/thumbnail`)).status).toBe(404);
      // Until a message shows it, it is its sender's.
      expect([(await download("ann", file)).status, (await download("bob", file)).status]).toEqual([200, 404]);
      const attachments = [file];
      const sent = await rest("ann", "POST", `/rooms/${room}/messages`, { content: "", type: "image", attachments });
      expect([sent.status, at(sent.body.data, "attachments")]).toEqual([201, attachments]);
      const got = await download("bob", file);
      expect(Buffer.from(await got.bytes()).equals(PNG)).toBe(true);
      expect([got.status, got.headers.get("content-type")]).toEqual([200, "image/png"]);
      expect(got.headers.get("content-disposition")).toStartWith("inline");
      expect((await download("carl", file)).status).toBe(404);
      const elsewhere = await fetch(server.http + textAt(file, "url"), {
        headers: { authorization: `Bearer ${tokenOf("ann", "evil")}` },
      });
      expect(elsewhere.status).toBe(404);
      expect((await fetch(server.http + textAt(file, "url"))).status).toBe(401);
      await rest("ann", "DELETE", `/rooms/${room}/members/bob`);
      expect((await download("bob", file)).status).toBe(404);
    });

    test("what a client says of an upload in a frame counts for nothing", async () => {
      const room = await newRoom();
      const file = await uploaded(room, PNG, "image/png");
      const ann = await TestClient.connect(server, { token: tokenOf("ann"), wire: "json" });
      await ann.join(room);
      const lies = { ...file, fileSize: 1, mimeType: "video/mp4", fileName: "x.exe", url: "https://evil.example/x" };
      const sent = await ann.say(room, "", { messageType: "image", attachments: [lies] });
      const read = await rest("bob", "GET", `/rooms/${room}/messages/${textAt(sent, "messageId")}`);
      expect(at(read.body.data, "attachments")).toEqual([file]);
      const other = await newRoom();
      await ann.join(other);
      for (const [where, attachment] of [
        [other, file],
        [room, { ...file, id: `file_${"0".repeat(26)}` }],
      ] as const) {
        const wrong = { type: "send_message", roomId: where, content: "", attachments: [attachment] };
        expect(await ann.refused(wrong)).toMatchObject({ code: "invalid_field", field: "attachments" });
      }
      ann.close();
    });

    test("a page that is said to be a picture is refused, and as what it is it is saved and never shown", async () => {
      const room = await newRoom();
      const lie = await announce(room, HTML.length, "image/png");
      await fetch(lie.url, { method: "PUT", body: HTML });
      const refused = await complete(room, lie);
      expect([refused.status, refused.body.error?.code, refused.body.error?.details?.field]).toEqual([
        400,
        "invalid_field",
        "type",
      ]);
      expect((await complete(room, lie)).status).not.toBe(201);
      const file = await uploaded(room, HTML, "text/plain", 'naïve "page".html');
      expect(at(file, "mimeType")).toBe("text/html");
      const got = await download("ann", file);
      expect(got.headers.get("content-disposition")).toStartWith("attachment");
      expect(got.headers.get("content-disposition")).toContain("filename*=UTF-8''na%C3%AFve%20%22page%22.html");
      if (s3 === undefined) {
        expect(got.headers.get("x-content-type-options")).toBe("nosniff");
        expect(got.headers.get("content-security-policy")).toContain("sandbox");
      } else expect(got.headers.get("content-type")).toBe("application/octet-stream");
    });

    test("fewer bytes than announced are no file, and more are none either", async () => {
      const room = await newRoom();
      const small = await announce(room, PNG.length + 1, "image/png");
      await fetch(small.resumableUrl, { method: "PUT", body: PNG });
      const early = await complete(room, small);
      expect([early.status, early.body.error?.code]).toEqual([409, "conflict"]);
      const large = await announce(room, PNG.length - 1, "image/png");
      const put = await fetch(large.resumableUrl, { method: "PUT", body: PNG });
      expect(put.status).toBe(413);
      if (s3 !== undefined) {
        // The address of the bucket takes anything; what came is looked at.
        await fetch(large.url, { method: "PUT", body: PNG });
        const refused = await complete(room, large);
        expect([refused.status, refused.body.error?.code]).toEqual([413, "file_too_large"]);
      }
    });

    test("the server's and the room's bounds hold before anything is sent, and for what came", async () => {
      const room = await newRoom({ maxFileSize: 1_000, allowedFileTypes: ["image/*"] });
      const ask = (body: object, user = "ann") => rest(user, "POST", `/rooms/${room}/attachments`, body);
      expect((await ask({ name: "a.png", size: 1_000, type: "image/png" })).status).toBe(201);
      expect((await ask({ name: "a.png", size: 1_001, type: "image/png" })).body.error?.code).toBe("file_too_large");
      expect((await ask({ name: "a.pdf", size: 10, type: "application/pdf" })).body.error?.code).toBe("invalid_field");
      expect((await ask({ name: "a.png", size: 0, type: "image/png" })).status).toBe(400);
      expect((await ask({ name: "a.png", size: 10, type: "image/png" }, "carl")).body.error?.code).toBe(
        "room_not_found",
      );
      const open = await newRoom();
      const largest = { name: "a", size: FILE_BYTES_MAX };
      expect((await rest("ann", "POST", `/rooms/${open}/attachments`, largest)).status).toBe(201);
      const beyond = await rest("ann", "POST", `/rooms/${open}/attachments`, { ...largest, size: FILE_BYTES_MAX + 1 });
      expect([beyond.status, beyond.body.error?.code]).toEqual([413, "file_too_large"]);
      const closed = await newRoom({ allowFileUploads: false });
      const none = await rest("ann", "POST", `/rooms/${closed}/attachments`, { name: "a.png", size: 10 });
      expect(none.body.error?.code).toBe("forbidden");
      // Announced as a picture, and a picture by its family only: the room's list is about what it is.
      const picky = await newRoom({ allowedFileTypes: ["image/gif"] });
      const upload = await announce(picky, PNG.length, "image/gif", "a.gif");
      await fetch(upload.url, { method: "PUT", body: PNG });
      expect((await complete(picky, upload)).body.error?.code).toBe("invalid_field");
    });

    test("a large file comes in chunks and goes on after the server was killed in the middle", async () => {
      const room = await newRoom();
      const bytes = new Uint8Array(FILE_BYTES_MAX).map((_, i) => (i * 31 + (i >> 8)) & 255);
      const upload = await announce(room, bytes.length, "application/octet-stream", "a.bin");
      const patch = (offset: number, body: Uint8Array | ReadableStream<Uint8Array>): Promise<Response> =>
        fetch(upload.resumableUrl, { method: "PATCH", headers: { ...CHUNK, "upload-offset": String(offset) }, body });
      const third = 1024 * 1024;
      expect((await patch(0, bytes.subarray(0, third))).headers.get("upload-offset")).toBe(String(third));
      expect((await patch(third + 1, bytes.subarray(0, 5))).status).toBe(409);
      // The next chunk is under way when the process dies.
      const half = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes.subarray(third, third + 300_000)),
      });
      const broken = patch(third, half).catch(() => "broken");
      // A request that came after it has been answered, so the chunk has begun.
      expect((await server.rest("GET", "/readyz")).status).toBe(200);
      await server.kill();
      expect(await broken).toBe("broken");
      await server.restart();
      const head = await fetch(upload.resumableUrl, { method: "HEAD" });
      expect([head.status, head.headers.get("upload-length")]).toEqual([200, String(bytes.length)]);
      const there = Number(head.headers.get("upload-offset"));
      expect(there).toBeGreaterThanOrEqual(third);
      expect(there).toBeLessThanOrEqual(third + 300_000);
      expect((await patch(there, bytes.subarray(there))).status).toBe(204);
      const file = (await complete(room, upload)).body.data as object;
      const got = await (await download("ann", file)).bytes();
      expect(Buffer.compare(got, bytes)).toBe(0);
      // Once more is the same.
      expect((await complete(room, upload)).body.data).toEqual(file);
    });

    test("of several nodes any takes any chunk, completes, and gives the file", async () => {
      if (s3 === undefined) return;
      const other = await TestServer.start({ env: shared });
      const room = await newRoom();
      const upload = await announce(room, 10, "text/plain", "a.txt");
      const patch = (node: TestServer, offset: number, body: string): Promise<Response> =>
        fetch(`${node.http}/v1/chat/uploads/${upload.ticket}`, {
          method: "PATCH",
          headers: { ...CHUNK, "upload-offset": String(offset) },
          body,
        });
      expect((await patch(server, 0, "01234")).headers.get("upload-offset")).toBe("5");
      expect((await patch(other, 5, "56789")).headers.get("upload-offset")).toBe("10");
      const path = `/rooms/${room}/attachments/${upload.id}`;
      const done = await rest("ann", "POST", `${path}/complete`, { ticket: upload.ticket }, other);
      expect([done.status, done.body.error]).toEqual([201, undefined]);
      for (const node of [server, other]) {
        expect((await rest("ann", "GET", path, undefined, node)).text).toBe("0123456789");
      }
      await other.stop();
      await other.dispose();
    }, 60_000);

    test("chunks without their headers, and tickets that are forged or another person's, do nothing", async () => {
      const room = await newRoom();
      const upload = await announce(room, PNG.length, "image/png");
      const patch = (headers: Readonly<Record<string, string>>): Promise<Response> =>
        fetch(upload.resumableUrl, { method: "PATCH", headers, body: PNG });
      expect((await patch({ "upload-offset": "0" })).status).toBe(400);
      expect((await patch(CHUNK)).status).toBe(400);
      expect((await patch({ ...CHUNK, "upload-offset": "-1" })).status).toBe(400);
      const [body = "", signature = ""] = upload.ticket.split(".");
      const changed = Buffer.from(body, "base64url").toString().replace('"ann"', '"bob"');
      const forged = [
        `${Buffer.from(changed).toString("base64url")}.${signature}`,
        `${body}.${"A".repeat(signature.length)}`,
        body,
        "x",
        `..%2f..%2fjwt-secret`,
      ];
      for (const ticket of forged) {
        const url = `${server.http}/v1/chat/uploads/${ticket}`;
        expect((await fetch(url, { method: "PUT", body: PNG })).status).toBe(404);
        expect((await fetch(url, { method: "HEAD" })).status).toBe(404);
        expect((await fetch(`${server.http}/v1/chat/files/${ticket}`)).status).toBe(404);
      }
      expect((await complete(room, upload, "bob")).status).toBe(404);
      expect((await complete(room, { ...upload, id: "../../jwt-secret".replaceAll("/", "%2f") })).status).toBe(404);
      // What sends does not fetch.
      expect((await fetch(`${server.http}/v1/chat/files/${upload.ticket}`)).status).toBe(404);
    });

    test("parts of a file are fetched, also without a token by an address that lasts for minutes", async () => {
      const room = await newRoom();
      const file = await uploaded(room, Buffer.from("0123456789"), "text/plain", "digits.txt");
      const part = await download("ann", file, { range: "bytes=2-4" });
      expect([part.status, await part.text()]).toEqual([206, "234"]);
      const link = await rest("ann", "GET", `/rooms/${room}/attachments/${textAt(file, "id")}/link`);
      expect(link.status).toBe(200);
      const url = server.http + textAt(link.body.data, "url");
      const last = await fetch(url, { headers: { range: "bytes=7-" } });
      expect([last.status, await last.text()]).toEqual([206, "789"]);
      expect((await rest("bob", "GET", `/rooms/${room}/attachments/${textAt(file, "id")}/link`)).status).toBe(404);
      expect((await rest("ann", "GET", `/rooms/${room}/attachments/${textAt(file, "id")}/thumbnail`)).status).toBe(404);
      const shown = await pictured(room);
      const both = await rest("ann", "GET", `/rooms/${room}/attachments/${textAt(shown, "id")}/link`);
      const small = await fetch(server.http + textAt(both.body.data, "thumbnailUrl"));
      expect([small.status, small.headers.get("content-type")]).toEqual([200, "image/webp"]);
      if (s3 !== undefined) return;
      expect(last.headers.get("content-range")).toBe("bytes 7-9/10");
      const beyond = await download("ann", file, { range: "bytes=10-" });
      expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */10"]);
      const etag = last.headers.get("etag") ?? "";
      expect((await download("ann", file, { "if-none-match": etag })).status).toBe(304);
    });

    test("with its last message a file goes, and with its room all of them", async () => {
      const room = await newRoom();
      const file = await uploaded(room, PNG, "image/png");
      const say = async (): Promise<string> => {
        const body = { content: "", type: "image", attachments: [file] };
        return textAt((await rest("ann", "POST", `/rooms/${room}/messages`, body)).body.data, "messageId");
      };
      const [one, two] = [await say(), await say()];
      await rest("ann", "DELETE", `/rooms/${room}/messages/${one}`);
      expect((await download("bob", file)).status).toBe(200);
      await rest("ann", "DELETE", `/rooms/${room}/messages/${two}`);
      expect((await download("bob", file)).status).toBe(404);
      const body = { content: "", type: "image", attachments: [file] };
      expect((await rest("ann", "POST", `/rooms/${room}/messages`, body)).body.error?.code).toBe("invalid_field");
      const other = await uploaded(room, PNG, "image/png");
      await rest("ann", "DELETE", `/rooms/${room}`);
      expect((await download("ann", other)).status).toBe(404);
      if (s3 !== undefined) return;
      await eventually(async () => {
        const found = readdirSync(join(server.dataDir, "attachments/files"), { recursive: true }).map(String);
        const left = found.filter((path) => [file, other].some((one) => path.endsWith(textAt(one, "id"))));
        expect(left).toEqual([]);
      });
    });

    test("under a legal hold a file's bytes outlive its message, and its room is not deleted", async () => {
      const room = await newRoom();
      const token = server.token({ user: "root", tenant: "acme", role: "admin" });
      const hold = (method: string) => server.rest(method, `/v1/chat/admin/holds/rooms/${room}`, { token, body: {} });
      expect((await hold("PUT")).status).toBe(200);
      const file = await uploaded(room, PNG, "image/png");
      const body = { content: "look", type: "image", attachments: [file] };
      const message = textAt((await rest("ann", "POST", `/rooms/${room}/messages`, body)).body.data, "messageId");
      await rest("ann", "DELETE", `/rooms/${room}/messages/${message}`);
      expect((await download("bob", file)).status).toBe(404);
      const seen = await rest("ann", "GET", `/rooms/${room}/messages/${message}?deleted=true`);
      expect(at(seen.body.data, "content")).toBe("look");
      const refused = await rest("ann", "DELETE", `/rooms/${room}`);
      expect([refused.status, refused.body.error?.code]).toEqual([409, "on_hold"]);
      expect((await hold("DELETE")).status).toBe(200);
      if (s3 === undefined) {
        const found = readdirSync(join(server.dataDir, "attachments/files"), { recursive: true }).map(String);
        expect(found.filter((path) => path.endsWith(textAt(file, "id")))).toHaveLength(1);
      }
      expect((await rest("ann", "DELETE", `/rooms/${room}`)).status).toBe(200);
    });

    test("a held message keeps its file, which moderators may look at, and others when it is approved", async () => {
      const room = await newRoom({ moderationLevel: "strict" });
      await rest("ann", "PUT", `/rooms/${room}/moderation`, { rules: [{ id: "r", action: "hold", words: ["look"] }] });
      const upload = await announce(room, PNG.length, "image/png", "a.png", "bob");
      await fetch(upload.url, { method: "PUT", body: PNG });
      const file = (await complete(room, upload, "bob")).body.data as object;
      const attachments = [file];
      const sent = await rest("bob", "POST", `/rooms/${room}/messages`, {
        content: "look",
        type: "image",
        attachments,
      });
      expect(sent.status).toBe(202);
      expect((await download("ann", file)).status).toBe(200);
      const held = await rest("ann", "GET", `/rooms/${room}/held`);
      const [first] = listAt(held.body.data, "held");
      const approved = await rest("ann", "POST", `/rooms/${room}/held/${textAt(first, "heldId")}/approve`, {});
      expect(approved.status).toBe(200);
      const history = await rest("ann", "GET", `/rooms/${room}/messages`);
      expect(at(listAt(history.body.data, "messages")[0], "attachments")).toEqual(attachments);
    });

    test("one person begins no more uploads in a day than the operator allows", async () => {
      await withinOneDay();
      // 1 GiB by default, of which each announcement takes its share.
      const room = await newRoom();
      const size = FILE_BYTES_MAX;
      const counts = { made: 0, refused: 0 };
      const ask = () => rest("bob", "POST", `/rooms/${room}/attachments`, { name: "a", size });
      for (let i = 0; i < 12; i += 1) {
        const replies = await Promise.all(Array.from({ length: 32 }, ask));
        for (const { status, headers, text } of replies) {
          expect([status, text.slice(0, 200)]).toEqual([status === 429 ? 429 : 201, text.slice(0, 200)]);
          if (status === 201) counts.made += 1;
          else if (status === 429) {
            counts.refused += 1;
            expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
          }
        }
        if (counts.refused > 0) break;
      }
      expect(counts.refused).toBeGreaterThan(0);
      expect(counts.made).toBeLessThanOrEqual(Math.floor(1024 ** 3 / size));
    });
  });
}

test("a server that keeps no files says so", async () => {
  const server = await TestServer.start({ env: { STOA_ATTACHMENTS: "off" } });
  const token = server.token({ user: "ann", tenant: "acme" });
  const made = await server.rest("POST", "/v1/chat/rooms/general/attachments", { token, body: { name: "a", size: 1 } });
  expect([made.status, made.body.error?.message]).toEqual([404, "This server keeps no files."]);
  expect((await fetch(`${server.http}/v1/chat/uploads/x`, { method: "PUT", body: "x" })).status).toBe(404);
  await server.dispose();
});

test("a folder is no place for the files of several nodes", async () => {
  const { code, output } = await runServerToExit({
    STOA_ATTACHMENTS: "folder",
    DYNAMODB_TABLE_MESSAGES: "messages",
    DYNAMODB_TABLE_ROOMS: "rooms",
    DYNAMODB_ENDPOINT: "http://127.0.0.1:1",
  });
  expect(code).toBe(1);
  expect(output).toContain("STOA_ATTACHMENTS");
});

async function bucketAndTables(s3: S3Server, dynamo: DynamoServer): Promise<Record<string, string>> {
  const tables = await makeTestTables(dynamo);
  return {
    S3_BUCKET_ATTACHMENTS: BUCKET,
    S3_ENDPOINT: s3.endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "S3RVER",
    AWS_SECRET_ACCESS_KEY: "S3RVER",
    ...tables.env,
  };
}
