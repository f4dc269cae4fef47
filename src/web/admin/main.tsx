/** The dashboard at `/admin`: signs in, asks the server whether this is an administrator, and shows what they may see. */
import { render } from "preact";
import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/components.css";
import "./admin.css";
import "./parts.css";
import { account, currentToken, followOtherTabs, loadAccount, signOut } from "../ui/account.ts";
import { Button } from "../ui/button.tsx";
import { Logo } from "../ui/icon.tsx";
import { drawInOneDirection } from "../ui/one-direction.ts";
import { SignIn } from "../ui/sign-in.tsx";
import { loadTheme } from "../ui/theme.ts";
import { Toasts } from "../ui/toast.tsx";
import { AdminApi, type ApiFailure } from "./api.ts";
import { Dashboard } from "./dashboard.tsx";
import { useLoaded } from "./live.ts";
import { forgetOperator, operatorToken } from "./operator.ts";

const API = new AdminApi(currentToken, () => operatorToken.value);

function App() {
  const known = account.value;
  return (
    <>
      {known === undefined ? <SignIn title="Stoa, for administrators" asAdmin /> : <Gate key={known.token} />}
      <Toasts />
    </>
  );
}

/** Whoever is no administrator is told so, and is shown nothing else. */
function Gate() {
  const { data, failure, reload } = useLoaded("gate", () => API.get<object>("/admin/access"));
  if (data !== undefined) return <Dashboard api={API} />;
  if (failure === undefined) return <p class="nothing">Reading …</p>;
  return <Refused failure={failure} reload={reload} />;
}

function Refused({ failure, reload }: { readonly failure: ApiFailure; readonly reload: () => void }) {
  const { title, why } = reasonOf(failure);
  const leave = (): void => {
    forgetOperator();
    signOut();
  };
  return (
    <main class="sign-in">
      <div class="sign-in-card" role="alert">
        <Logo size={44} />
        <h1>{title}</h1>
        <p>{why}</p>
        {failure.status === 0 || failure.status >= 500 ? (
          <Button wide onClick={reload}>
            Try again
          </Button>
        ) : (
          <Button kind="primary" wide onClick={leave}>
            Sign in as somebody else
          </Button>
        )}
      </div>
    </main>
  );
}

function reasonOf({ status, message }: ApiFailure): { readonly title: string; readonly why: string } {
  const name = account.value?.userId ?? "You";
  if (status === 403) {
    const why = `${name} is signed in, and is no administrator of this tenant. The dashboard needs a token with the role admin.`;
    return { title: "Not for you", why };
  }
  if (status === 401) return { title: "Sign in again", why: message };
  return { title: "No answer", why: message };
}

drawInOneDirection();
loadTheme();
loadAccount();
followOtherTabs();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
