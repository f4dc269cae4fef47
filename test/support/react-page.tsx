/** The example's component on a page, in strict mode: bundled for the browser by `client-react.test.ts`. */
/** @jsxImportSource react */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StoaClient } from "stoa-chat";
import { Chat } from "../../examples/react-chat.tsx";

interface About {
  readonly url: string;
  readonly token: string;
  readonly room: string;
}
const { document, location } = globalThis as unknown as {
  readonly document: { readonly body: Element; getElementById(id: string): Element };
  readonly location: { readonly hash: string };
};

const { url, token, room } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as About;
const client = new StoaClient({ url, token });
const root = createRoot(document.getElementById("root"));
root.render(
  <StrictMode>
    <Chat client={client} start={room} />
  </StrictMode>,
);
Object.assign(globalThis, { chat: { client, end: () => root.unmount() } });
