/** The chat page: signs in, then shows the rooms. */
import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/components.css";
import "./layout.css";
import "./messages.css";
import "./composer.css";
import { account, followOtherTabs, loadAccount } from "../ui/account.ts";
import { forgetPerson } from "../ui/forget.ts";
import { drawInOneDirection } from "../ui/one-direction.ts";
import { SignIn } from "../ui/sign-in.tsx";
import { loadTheme } from "../ui/theme.ts";
import { Toasts } from "../ui/toast.tsx";
import { Chat } from "./app.tsx";
import { followOtherDrafts, forgetWritings } from "./composer-state.ts";
import { keepWhatIsShown, startWorker } from "./offline.ts";
import { keepPanelStep } from "./panel-step.ts";
import { route } from "./router.ts";
import { closeSession, openSession } from "./session.ts";
import { dialog, drafts, panel } from "./ui-state.ts";

let openFor: string | undefined;

/** Another person is another session; a newer token of the same one is not. */
effect(() => {
  const now = account.value;
  const person = now === undefined ? undefined : `${now.tenant}/${now.userId}/${now.isAdmin}`;
  if (person === openFor) return;
  openFor = person;
  panel.value = undefined;
  dialog.value = undefined;
  drafts.value = {};
  forgetWritings();
  if (now === undefined) closeSession();
  else untracked(() => keepWhatIsShown(openSession(now), route.value.roomId));
});

function App() {
  const now = account.value;
  return (
    <>
      {now === undefined ? <SignIn title="Welcome to Stoa" /> : <Chat key={openFor} />}
      <Toasts />
    </>
  );
}

// Going back in the browser leaves what stood over or beside the room.
addEventListener("popstate", () => {
  panel.value = undefined;
  dialog.value = undefined;
});
keepPanelStep();
drawInOneDirection();
loadTheme();
startWorker();
loadAccount();
followOtherTabs();
followOtherDrafts();
if (account.value === undefined) forgetPerson().catch(() => undefined);
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
