/** The chat page: signs in, then shows the rooms. */
import { render } from "preact";
import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/components.css";
import { account, loadAccount } from "../ui/account.ts";
import { SignIn } from "../ui/sign-in.tsx";
import { loadTheme } from "../ui/theme.ts";
import { Toasts } from "../ui/toast.tsx";

function App() {
  return (
    <>
      {account.value === undefined ? <SignIn title="Welcome to Stoa" /> : <main>Hello, {account.value.name}.</main>}
      <Toasts />
    </>
  );
}

loadTheme();
loadAccount();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
