/**
 * Asks the assistant something in a room, and prints the answer as it grows:
 *
 *   export CHAT_TOKEN=$(npm run --silent token -- --user ann --name "Ann")
 *   node examples/ask.mjs general "what was decided?"
 *
 * The room is made, with `enableAI`, when there is none. model-server.mjs is a server for the answers.
 */

// Node 22 has WebSocket; for older ones the package "ws" is the same.
const Socket = globalThis.WebSocket ?? (await import("ws")).default;
const url = process.env.CHAT_URL ?? "ws://localhost:8080/chat";
const token = process.env.CHAT_TOKEN;
const [room = "general", question = "what was said here?"] = process.argv.slice(2);

if (token === undefined) throw new Error("set CHAT_TOKEN to a token of whoever asks");

const socket = new Socket(url, ["stoa.v1.json"]);
const send = (frame) => socket.send(JSON.stringify(frame));
let asked;
let answer;
let attempt = 0;
let text = "";

function end(status, words) {
  if (words !== undefined) console.log(words);
  process.exitCode = status;
  socket.close();
}

/** The rule of the protocol: what stands at `offset` takes the place of what was there; a new attempt begins anew. */
function grow(piece) {
  if (piece.attempt > attempt) [attempt, text] = [piece.attempt, ""];
  if (piece.offset > text.length) return;
  const isNew = piece.text.slice(text.length - piece.offset);
  text = text.slice(0, piece.offset) + piece.text;
  process.stdout.write(isNew);
}

function heard(event) {
  if (event.type === "new_message" && event.message.answer?.question === asked) answer = event.message.messageId;
  if (event.type !== "ai_response" || event.messageId !== answer) return;
  if (event.state === "streaming") {
    [attempt, text] = [event.attempt, ""];
    process.stdout.write("\n(anew) ");
    return;
  }
  // The end has all of it.
  process.stdout.write(event.content.startsWith(text) ? event.content.slice(text.length) : `\n${event.content}`);
  end(event.state === "complete" ? 0 : 1, `\n(${event.state}${event.reason === undefined ? "" : `: ${event.reason}`})`);
}

socket.addEventListener("open", () => send({ type: "auth", token }));
socket.addEventListener("message", ({ data }) => {
  const frame = JSON.parse(data);
  switch (frame.type) {
    case "connection":
      send({ type: "create_room", ref: "room", roomId: room, name: room, roomType: "public", enableAI: true });
      break;
    case "error":
      if (frame.ref === "room" && frame.code === "room_exists") send({ type: "join_room", ref: "room", roomId: room });
      else end(1, `${frame.code}: ${frame.message}`);
      break;
    case "ack":
      if (frame.ref === "room") send({ type: "send_message", ref: "ask", roomId: room, content: `@ai ${question}` });
      break;
    case "events":
      for (const event of frame.events) {
        if (event.type === "new_message" && event.message.content === `@ai ${question}`)
          asked = event.message.messageId;
        heard(event);
      }
      break;
    case "ai_response":
      if (frame.messageId === answer) grow(frame);
      break;
  }
});
