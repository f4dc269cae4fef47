/** What is read from the server and kept true while somebody looks: polls pause when the page is hidden. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiFailure } from "./api.ts";

export interface Loaded<Data> {
  readonly data: Data | undefined;
  /** Of the last attempt; what was read before stays. */
  readonly failure: ApiFailure | undefined;
  readonly reload: () => void;
}

/** Reads once, and again when `key` changes or `reload` is called. */
export function useLoaded<Data>(key: string, read: () => Promise<Data>): Loaded<Data> {
  return usePolled(key, undefined, read);
}

/** Reads now, and `everyMs` after each answer. */
export function usePolled<Data>(key: string, everyMs: number | undefined, read: () => Promise<Data>): Loaded<Data> {
  const [state, setState] = useState<{ readonly key: string; readonly data?: Data; readonly failure?: ApiFailure }>({
    key,
  });
  const latest = useRef(read);
  latest.current = read;
  const restart = useRef<() => void>(() => undefined);
  useEffect(() => {
    // What was begun before the last beginning is not listened to any more.
    let turn = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (mine: number): Promise<void> => {
      const got = await settled(latest.current);
      if (mine !== turn) return;
      setState(
        (before) => ({ ...(before.key === key ? before : {}), key, failure: undefined, ...got }) as typeof state,
      );
      if (everyMs !== undefined) timer = setTimeout(begin, everyMs);
    };
    const begin = (): void => {
      clearTimeout(timer);
      turn += 1;
      const mine = turn;
      if (!document.hidden) return void run(mine);
      const shown = (): void => void (mine === turn && begin());
      document.addEventListener("visibilitychange", shown, { once: true });
    };
    restart.current = begin;
    begin();
    return () => {
      turn += 1;
      clearTimeout(timer);
    };
  }, [key, everyMs]);
  const reload = useCallback(() => restart.current(), []);
  const isCurrent = state.key === key;
  const { data, failure } = isCurrent ? state : {};
  return { data, failure, reload };
}

async function settled<Data>(
  read: () => Promise<Data>,
): Promise<{ readonly data: Data } | { readonly failure: ApiFailure }> {
  try {
    return { data: await read() };
  } catch (error) {
    if (error instanceof ApiFailure) return { failure: error };
    throw error;
  }
}
