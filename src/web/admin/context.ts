/** What every view is given: the server, who looks, and a way to ask before something is done. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { AdminApi, ApiFailure } from "./api.ts";
import type { Loaded } from "./live.ts";
import type { Overview, PulseHistory } from "./pulse-history.ts";

/** An act that changes something for somebody: it is named before it is done. */
export interface Question {
  readonly title: string;
  /** What will happen, and whether it can be undone. */
  readonly effect: string;
  readonly verb: string;
  readonly isDangerous?: boolean;
  /** A text is asked for; it is written into the audit log. */
  readonly reason?: "optional" | "required";
  /** How the text is called, where it is no reason. */
  readonly reasonName?: string;
  readonly isLong?: boolean;
  /** To be typed first. */
  readonly retype?: string;
  readonly choices?: { readonly name: string; readonly options: readonly (readonly [value: string, name: string])[] };
}
export interface Answer {
  readonly reason: string | undefined;
  readonly choice: string | undefined;
}

export interface Admin {
  readonly api: AdminApi;
  readonly user: string;
  readonly tenant: string;
  /** `undefined`: thought better of it. */
  readonly ask: (question: Question) => Promise<Answer | undefined>;
  readonly tell: (text: string) => void;
  /** Of the whole server, for operators. */
  readonly overview: Loaded<Overview>;
  readonly history: PulseHistory;
}

export const AdminContext = createContext<Admin | undefined>(undefined);

export function useAdmin(): Admin {
  const admin = useContext(AdminContext);
  if (admin === undefined) throw new Error("a view was shown outside of the dashboard");
  return admin;
}

/** Asks, does it, says how it went; `then` when it was done. */
export function useAct(): (
  question: Question,
  act: (answer: Answer) => Promise<unknown>,
  done: string,
  then?: () => void,
) => void {
  const { ask, tell } = useAdmin();
  return (question, act, done, then) => {
    void ask(question).then(async (answer) => {
      if (answer === undefined) return;
      try {
        await act(answer);
        tell(done);
        then?.();
      } catch (failure) {
        tell((failure as ApiFailure).message);
      }
    });
  };
}
