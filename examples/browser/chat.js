// A page that chats. Open it as index.html#{"url":"http://localhost:8080","token":"TOKEN","room":"general"}
import { StoaClient } from "./stoa-chat.js";
import { Timeline } from "./timeline.js";

const { url, token, room } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const chat = new StoaClient({ url, token, storage: localStorage });
const timeline = new Timeline(chat, room);
const show = (id, ...children) => document.getElementById(id).replaceChildren(...children);

timeline.subscribe(() => {
  const lines = timeline.state.messages.map(({ authorName, authorId, content, state }) => {
    const line = document.createElement("li");
    line.textContent = `${authorName ?? authorId}: ${content}${state === undefined ? "" : ` (${state})`}`;
    return line;
  });
  show("messages", ...lines);
  if (document.visibilityState === "visible") chat.markRead(room);
});
chat.on("status", ({ state }) => show("status", state));
chat.on("room", ({ typing }) => show("typing", typing.map(({ name, userId }) => name ?? userId).join(", ")));

const form = document.querySelector("form");
form.addEventListener("input", () => chat.typing(room));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  chat.send(room, form.elements.text.value).catch(console.error); // what is refused stays in the list
  form.reset();
});

await chat.connect();
await chat.join(room);
