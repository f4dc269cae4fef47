/** Pictures of the web page for the docs: `npm run screenshots` writes them to `docs/images`. Nothing else does. */
import { join } from "node:path";
import { TestBrowser } from "./chromium.ts";
import { textAt } from "./json.ts";
import { ProviderServer } from "./provider-server.ts";
import { TestServer } from "./server.ts";
import { WebPerson } from "./web-person.ts";

const FOLDER = join(import.meta.dir, "../../docs/images");
const TIMES = { reducedMotion: "reduce", locale: "en-GB", deviceScaleFactor: 2 } as const;
const SAIL = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"><defs><linearGradient id="s" x2="0" y2="1">
<stop stop-color="#f7b267"/><stop offset=".55" stop-color="#f4845f"/><stop offset="1" stop-color="#7b5ea7"/></linearGradient></defs>
<rect width="900" height="600" fill="url(#s)"/><circle cx="640" cy="300" r="90" fill="#ffe8b6"/><rect y="390" width="900" height="210" fill="#3d4a7a"/>
<path d="M300 410h190l-40 46H340z" fill="#20284a"/><path d="M392 120v280H260z" fill="#fff6e6"/><path d="M404 170v230h96z" fill="#f3d9b8"/></svg>`;

const provider = new ProviderServer();
const server = await TestServer.start({ env: { NODE_ENV: "development", ...provider.env } });
const browser = await TestBrowser.start();
const NAMES: Readonly<Record<string, string>> = {
  ann: "Ann Keller",
  ben: "Ben Okafor",
  chiara: "Chiara Rossi",
  dev: "Dev Patel",
};

async function as(user: string, method: string, path: string, body: object = {}): Promise<unknown> {
  const token = server.token({ user, name: NAMES[user] ?? user });
  const reply = await server.rest(method, `/v1/chat${path}`, { token, ...(method !== "GET" && { body }) });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
  return reply.body.data;
}

async function say(user: string, room: string, content: string, more: object = {}): Promise<string> {
  return textAt(await as(user, "POST", `/rooms/${room}/messages`, { content, ...more }), "messageId");
}

async function react(messageId: string, emoji: string, ...users: readonly string[]): Promise<void> {
  for (const user of users) await as(user, "POST", `/rooms/regatta/messages/${messageId}/reactions`, { emoji });
}

async function rooms(): Promise<void> {
  // Chosen: those who sign in by their id keep them.
  for (const [user, displayName] of Object.entries(NAMES)) await as(user, "PATCH", "/users/me", { displayName });
  const others = ["ben", "chiara", "dev"];
  const made = [
    ["regatta", "Summer regatta", "Boats, people and everything for 12 June", "public"],
    ["kitchen", "Kitchen", "What is for lunch", "public"],
    ["design", "Design", "Screens, words, colours", "private"],
    ["news", "News", "What everybody should know", "announcement"],
  ] as const;
  for (const [roomId, name, description, type] of made) {
    await as("ann", "POST", "/rooms", { roomId, name, description, type, enableAI: true, participants: others });
  }
  await as("ann", "POST", "/rooms", { type: "direct", participants: ["chiara"] });
}

async function upload(user: string, room: string, name: string, type: string, bytes: Uint8Array): Promise<object> {
  const begun = await as(user, "POST", `/rooms/${room}/attachments`, { name, type, size: bytes.length });
  await fetch(server.http + textAt(begun, "upload.url"), { method: "PUT", body: Uint8Array.from(bytes) });
  const id = textAt(begun, "attachmentId");
  const ticket = textAt(begun, "upload.ticket");
  return (await as(user, "POST", `/rooms/${room}/attachments/${id}/complete`, { ticket })) as object;
}

async function talk(): Promise<void> {
  const { default: sharp } = await import("sharp");
  const picture = await sharp(Buffer.from(SAIL)).jpeg().toBuffer();
  const attachment = await upload("chiara", "regatta", "harbour.jpg", "image/jpeg", picture);
  const question = await say("dev", "regatta", "Who brings the second radio? The old one says `E07`.");
  await say("ben", "regatta", "I have one in the cellar", { replyTo: question });
  await say("chiara", "regatta", "E07 is the antenna, I think", { replyTo: question });
  const plan = await say(
    "ben",
    "regatta",
    "Morning! The **harbour office** confirmed our berths. Still missing:\n- life jackets (8)\n- someone who can cook",
  );
  await react(plan, "🎉", "ann", "chiara", "dev");
  await react(plan, "👍", "ann");
  const text = "Yesterday evening, from the pier. @ann we should leave at this hour.";
  const photo = await say("chiara", "regatta", text, { attachments: [attachment] });
  await react(photo, "❤️", "ann", "ben");
  const options = ["Friday evening", "Saturday at dawn", "After breakfast"].map((option) => ({ text: option }));
  const asked = await say("ann", "regatta", "", { poll: { question: "When do we set sail?", options } });
  for (const [user, choice] of [
    ["ben", 1],
    ["chiara", 1],
    ["dev", 2],
    ["ann", 1],
  ] as const) {
    await as(user, "PUT", `/rooms/regatta/messages/${asked}/poll/vote`, { choices: [choice] });
  }
  provider.always(() => [
    {
      text: "So far: berths are **confirmed**, Ben brings the second radio, and most want to leave on *Saturday at dawn*. Still open: eight life jackets and a cook.",
    },
  ]);
  await say("dev", "regatta", "@ai summarise what is still open");
  await say("ben", "kitchen", "Lentil soup today");
  const direct = textAt(await as("ben", "POST", "/rooms", { type: "direct", participants: ["ann"] }), "roomId");
  await say("ben", direct, "Do you have a minute?");
  await say("chiara", "design", "@ann the new icons are in the folder");
}

async function picture(person: WebPerson, name: string): Promise<void> {
  await person.page.mouse.move(0, 0);
  await person.page.waitForLoadState("networkidle");
  await person.page.screenshot({ path: join(FOLDER, `${name}.png`), scale: "css" });
}

try {
  await rooms();
  await talk();
  const start = await browser.open(server.http, { ...TIMES, viewport: { width: 1280, height: 800 } });
  await start.page.getByLabel("Your name").waitFor();
  await start.page.screenshot({ path: join(FOLDER, "sign-in.png"), scale: "css" });
  await start.close();
  const viewport = { width: 1360, height: 1000 };
  const ann = await WebPerson.signIn(browser, server, "ann", { ...TIMES, viewport });
  const others = [];
  for (const name of ["ben", "chiara"]) {
    const other = await WebPerson.signIn(browser, server, name, TIMES);
    await other.open("regatta");
    others.push(other);
  }
  await ann.open("regatta");
  await ann.message("Still open");
  await picture(ann, "room");
  await ann.page.locator(".thread-chip").first().click();
  await ann.page.locator(".thread").getByText("antenna, I think").waitFor();
  await picture(ann, "thread");
  await ann.page.emulateMedia({ colorScheme: "dark" });
  await ann.button("Search").click();
  await ann.page.getByRole("searchbox", { name: "Find messages" }).fill("radio");
  await ann.page.locator(".panel mark").first().waitFor();
  await picture(ann, "search-dark");
  await ann.page.setViewportSize({ width: 390, height: 780 });
  await ann.button("Close panel").click();
  await picture(ann, "small-dark");
  process.stdout.write(`written to ${FOLDER}\n`);
} finally {
  await browser.stop();
  await server.dispose();
  await provider.stop();
}
