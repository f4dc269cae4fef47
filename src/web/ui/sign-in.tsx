/** The way in: by a name where the server is one for development, by a token everywhere. */
import { useEffect, useRef, useState } from "preact/hooks";
import { signInAs, signInWithToken } from "./account.ts";
import { Button } from "./button.tsx";
import { Check, Field, TextArea } from "./field.tsx";
import { Logo } from "./icon.tsx";
import { settings } from "./settings.ts";
import { Tabs } from "./tabs.tsx";

type Way = "name" | "token";
const WAYS = [
  ["name", "By name"],
  ["token", "By token"],
] as const;

export function SignIn({ title, asAdmin = false }: { readonly title: string; readonly asAdmin?: boolean }) {
  const [way, setWay] = useState<Way>(settings.devSignIn ? "name" : "token");
  const [text, setText] = useState("");
  const [isAdmin, setAdmin] = useState(asAdmin);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // Also after somebody has signed out.
  useEffect(() => form.current?.querySelector<HTMLElement>("input, textarea")?.focus(), [way]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (text.trim() === "") return setError(way === "name" ? "Say who you are." : "Paste a token.");
    setBusy(true);
    try {
      if (way === "name") await signInAs(text.trim(), isAdmin);
      else signInWithToken(text);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  };
  const change = (event: { readonly currentTarget: { readonly value: string } }): void => {
    setText(event.currentTarget.value);
    setError(undefined);
  };
  const choose = (next: Way): void => {
    setWay(next);
    setText("");
    setError(undefined);
  };
  return (
    <main class="sign-in">
      <form class="sign-in-card" ref={form} onSubmit={submit}>
        <Logo size={44} />
        <h1>{title}</h1>
        <p>
          {way === "name" ? "Choose any name: this server is for trying things out." : "With the token you were given."}
        </p>
        {settings.devSignIn && <Tabs label="How to sign in" value={way} tabs={WAYS} onChange={choose} />}
        {way === "name" ? (
          <>
            <Field
              label="Your name"
              name="name"
              autoComplete="nickname"
              maxLength={60}
              value={text}
              error={error}
              onInput={change}
            />
            <Check label="As an administrator" checked={isAdmin} onChange={setAdmin} />
          </>
        ) : (
          <TextArea
            label="Token"
            name="token"
            rows={4}
            spellcheck={false}
            autoComplete="off"
            value={text}
            error={error}
            onInput={change}
          />
        )}
        <Button kind="primary" wide type="submit" disabled={busy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
