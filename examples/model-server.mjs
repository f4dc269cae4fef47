/**
 * The smallest server that the assistant can use: OpenAI's chat completions, streamed. It has no model: it answers from the quoted
 * messages that it is given. Put your own in the place of `answer`.
 *
 *   node examples/model-server.mjs                                          # in one terminal; listens on MODEL_PORT, 8090
 *   OPENAI_BASE_URL=http://127.0.0.1:8090/v1 npm start                      # in another one
 *   export CHAT_TOKEN=$(npm run --silent token -- --user ann --name "Ann")
 *   node examples/ask.mjs general "who has spoken here?"                    # in a third one
 */
import { createServer } from "node:http";

const port = Number(process.env.MODEL_PORT ?? 8090);
const WORD_MS = 20;

/** `prompt` has the room's messages, one JSON object a line, and the question. */
function answer(prompt) {
  const people = new Set();
  for (const line of prompt.split("\n")) {
    if (!line.startsWith('{"from":')) continue;
    people.add(JSON.parse(line).from);
  }
  return people.size === 0 ? "Nobody has said anything here yet." : `Here have spoken: ${[...people].join(", ")}.`;
}

function chunk(delta, finish_reason = null) {
  const choices = [{ index: 0, delta, finish_reason }];
  return `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "none", choices })}\n\n`;
}

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || !request.url.endsWith("/chat/completions")) return response.writeHead(404).end();
  let body = "";
  for await (const part of request) body += part;
  const { messages } = JSON.parse(body);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const word of answer(messages.at(-1).content).split(/(?<= )/)) {
    response.write(chunk({ content: word }));
    await new Promise((resolve) => setTimeout(resolve, WORD_MS));
  }
  response.write(chunk({}, "stop"));
  response.end("data: [DONE]\n\n");
});
server.listen(port, "127.0.0.1", () => console.log(`the model is on port ${server.address().port}`));
