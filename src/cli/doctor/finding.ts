/** What the doctor says of one thing: how it is, what was seen, and what to do. */

export type State = "ok" | "warning" | "failure";

export interface Finding {
  readonly state: State;
  /** What was looked at, in a few words. */
  readonly about: string;
  /** What was seen. Never a secret. */
  readonly seen: string;
  /** For what is not `ok`. */
  readonly remedy?: string;
}

export function fine(about: string, seen: string): Finding {
  return { state: "ok", about, seen };
}

export function doubtful(about: string, seen: string, remedy: string): Finding {
  return { state: "warning", about, seen, remedy };
}

export function bad(about: string, seen: string, remedy: string): Finding {
  return { state: "failure", about, seen, remedy };
}

/** What goes wrong without a plan of its own is a failure with the error's words. */
export async function examined(
  about: string,
  remedy: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await within(LOOK_MS_MAX, look());
  } catch (error) {
    return [bad(about, error instanceof Error ? error.message || error.name : String(error), remedy)];
  }
}

/** Long enough for what is far away, short enough for who waits. */
const LOOK_MS_MAX = 10_000;

function within<Value>(msMax: number, value: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${msMax / 1_000} s`)), msMax);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
