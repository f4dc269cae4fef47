/**
 * `bun run chat --user ann [--room general] [--name "Ann"]`: a conversation in the terminal, with the server of the same
 * configuration on this machine. A line that is typed is a message; it is shown when the server has it for good.
 */
import { createInterface } from "node:readline";
import { parseId, type RoomId, type UserId } from "../base/ids.ts";
import { type Config, readConfig } from "../config/config.ts";
import { ownHost } from "../config/own-host.ts";
import { createAuth } from "../edge/auth.ts";
import { secretOfServer } from "../edge/jwt-secret.ts";
import { readNamed, tellsUsage } from "./arguments.ts";

const USAGE = 'usage: bun run chat --user ID [--room ID] [--name "Your name"]';
const TOKEN_SECONDS = 24 * 3_600;
const AGAIN_MS = 500;

interface Options {
  readonly user: UserId;
  readonly room: RoomId;
  readonly name: string;
}

/** What a server frame of the plain JSON dialect may hold, as far as it is shown here. */
interface Shown {
  readonly type: string;
  readonly ref?: unknown;
  readonly code?: string;
  /** Of an error: asking again may help. */
  readonly temporary?: boolean;
  readonly message?:
    | string
    | { readonly authorId: string; readonly authorName: string | null; readonly content: string };
  readonly user?: { readonly userId: string; readonly name?: string };
}

function readOptions(): Options | undefined {
  const named = readNamed(process.argv.slice(2), ["user", "room", "name"]);
  if (!named.ok) return undefined;
  const user = parseId<UserId>(named.value.get("user"));
  const room = parseId<RoomId>(named.value.get("room") ?? "general");
  if (user === undefined || room === undefined) return undefined;
  return { user, room, name: named.value.get("name") ?? user };
}

async function connect(config: Config, secret: string, { user, name }: Options): Promise<WebSocket> {
  const { issuer, audience } = config.jwt;
  const auth = createAuth({ secret, issuer, audience });
  const token = await auth.mintToken({ user, name, ttlSeconds: TOKEN_SECONDS });
  return new WebSocket(`ws://${ownHost(config.host)}:${config.port}/chat`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

/** Joins the room, and makes it when it is not there. */
function talk(socket: WebSocket, { user, room }: Options): void {
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  const join = (): void => send({ type: "join_room", ref: "join", roomId: room });
  // What is typed before the room is joined waits in the terminal.
  const listen = (): void => {
    const lines = createInterface({ input: process.stdin });
    lines.on("line", (content) => {
      if (content.trim() !== "") send({ type: "send_message", ref: "send", roomId: room, content });
    });
    lines.on("close", () => socket.close(1000));
  };
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as Shown;
    if (frame.type === "connection") join();
    else if (frame.type === "ack" && frame.ref === "create") join();
    else if (frame.type === "error" && frame.ref === "join" && frame.code === "room_not_found") {
      send({ type: "create_room", ref: "create", roomId: room, name: room, roomType: "public" });
    } else if (frame.type === "error" && frame.ref === "join" && frame.temporary === true) {
      setTimeout(join, AGAIN_MS);
    } else {
      show(frame, user, room);
      if (frame.type === "ack" && frame.ref === "join") listen();
    }
  });
  socket.addEventListener("close", ({ code, reason }) => {
    print(code === 1000 ? "goodbye" : `the connection ended: ${code} ${reason}`);
    process.exit(code === 1000 ? 0 : 1);
  });
}

function show(frame: Shown, self: UserId, room: RoomId): void {
  if (frame.type === "ack" && frame.ref === "join") print(`you are in ${room}; type and press Enter`);
  else if (frame.type === "error") print(`refused (${frame.code}): ${JSON.stringify(frame.message)}`);
  else if (frame.type === "user_joined" && frame.user?.userId !== self)
    print(`${frame.user?.name ?? frame.user?.userId} joined`);
  else if (frame.type === "new_message" && typeof frame.message === "object") {
    const { authorId, authorName, content } = frame.message;
    print(`${authorName ?? authorId}: ${content}`);
  }
}

/** Names and texts come from others: what could steer a terminal is taken out. */
function print(line: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  process.stdout.write(`${line.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")}\n`);
}

if (tellsUsage(USAGE)) process.exit(0);
const options = readOptions();
const config = readConfig(process.env);
if (options === undefined || !config.ok) {
  process.stderr.write(`${options === undefined ? USAGE : ""}\n${config.ok ? "" : config.error.join("\n")}\n`);
  process.exit(2);
}
const secret = secretOfServer(config.value);
if (!secret.ok) {
  process.stderr.write(`${secret.error}\n`);
  process.exit(2);
}
const socket = await connect(config.value, secret.value, options);
socket.addEventListener("error", () => print(`no server at port ${config.value.port}: start one with npm start`));
talk(socket, options);
