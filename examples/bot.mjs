/**
 * A bot for Node: it answers "!help", "!time" and "!dice" in one room, once each, whatever happens in between.
 *
 *   npm start                                                       # in one terminal
 *   export CHAT_TOKEN=$(npm run --silent token -- --user bot --name "Bot")
 *   node examples/bot.mjs general                                   # in another one
 *
 * docs/FIRST_BOT.md builds it step by step. Three things keep it right:
 * - it remembers how far it has answered (in bot-position.json), and asks for what came since when it connects again;
 * - the id of an answer follows from the message that it answers, so that an answer sent twice is there once;
 * - it never answers itself.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

// Node 22 has WebSocket; for older ones the package "ws" is the same.
const Socket = globalThis.WebSocket ?? (await import("ws")).default;
const url = process.env.CHAT_URL ?? "ws://localhost:8080/chat";
const token = process.env.CHAT_TOKEN;
const room = process.argv[2] ?? "general";
const positionFile = process.env.BOT_POSITION ?? "bot-position.json";
const RETRY_MS_MAX = 10_000;

if (token === undefined) throw new Error("set CHAT_TOKEN to a token of the bot's user");

let position = existsSync(positionFile) ? JSON.parse(readFileSync(positionFile, "utf8")).seq : undefined;
/** The last sequence that was heard of, and where the messages stand whose answers are not acknowledged yet. */
let head = position;
const unanswered = new Map();
let failures = 0;

function answerTo(text) {
  switch (text.trim().toLowerCase()) {
    case "!help":
      return "I know !help, !time and !dice.";
    case "!time":
      return `It is ${new Date().toISOString()}.`;
    case "!dice":
      return `You rolled a ${1 + Math.floor(Math.random() * 6)}.`;
    default:
      return undefined;
  }
}

function connect() {
  // "stoa.v1.json": canonical JSON, where several events of a room may come in one frame.
  const socket = new Socket(url, ["stoa.v1.json"]);
  const send = (frame) => socket.send(JSON.stringify(frame));
  let self;
  let delayMs;

  socket.addEventListener("open", () => send({ type: "auth", token }));
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    switch (frame.type) {
      case "connection":
        self = frame.userId;
        failures = 0;
        unanswered.clear();
        // Joins the room if need be, and gets what came since the last time.
        send({ type: "join_room", ref: "join", roomId: room, ...(position !== undefined && { lastSeq: position }) });
        break;
      case "ack":
        if (frame.ref !== "join") unanswered.delete(frame.ref);
        else if (frame.position.missing !== undefined) console.error("too much was missed:", frame.position.missing);
        if (frame.ref === "join") console.log(`listening in ${room} as ${self}`);
        // Who comes for the first time does not answer what was said before.
        remember(frame.ref === "join" && head === undefined ? frame.position.head : head);
        break;
      case "events":
        for (const event of frame.events) if (event.type === "new_message") hear(event.message, send, self);
        remember(frame.head);
        break;
      case "reconnect":
        delayMs = frame.delayMs;
        break;
      case "error":
        console.error(`${frame.code}: ${frame.message}`);
        // For now only: coming back asks again for all that has no answer. A room that is not there won't be there then.
        if (frame.temporary) socket.close();
        else if (frame.ref === "join") process.exit(1);
        break;
    }
  });
  socket.addEventListener("close", ({ code }) => {
    // Nothing helps but another token or room: 4401 and its like are final, see the table of close codes.
    if (code >= 4400 && code < 4500) process.exit(1);
    failures += 1;
    setTimeout(connect, delayMs ?? Math.random() * Math.min(RETRY_MS_MAX, 250 * 2 ** failures));
  });
  // A failure is followed by "close".
  socket.addEventListener("error", () => undefined);
}

function hear(message, send, self) {
  const answer = message.authorId === self ? undefined : answerTo(message.content);
  if (answer === undefined) return;
  const clientId = `answer-${message.messageId}`;
  unanswered.set(clientId, message.seq);
  send({ type: "send_message", ref: clientId, clientId, roomId: room, content: answer, replyTo: message.messageId });
}

/** Everything before the first message without an answer is done with. */
function remember(seq) {
  head = Math.max(seq ?? 0, head ?? 0);
  const done = Math.min(head, ...[...unanswered.values()].map((waiting) => waiting - 1));
  if (done === position) return;
  position = done;
  // Half a file, when the bot is killed just then, is worse than an old one.
  writeFileSync(`${positionFile}.new`, JSON.stringify({ room, seq: position }));
  renameSync(`${positionFile}.new`, positionFile);
}

connect();
