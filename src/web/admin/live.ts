/** What is read from the server and kept true while somebody looks: polls pause when the page is hidden. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiFailure } from "./api.ts";

export interface Loaded<Data> {
  readonly data: Data | undefined;
  /** Of the last attempt; what was read before stays. */
  readonly failure: ApiFailure | undefined;
  readonly isLoading: boolean;
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
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      setLoading(true);
      const got = await settled(latest.current);
      if (isOver) return;
      setLoading(false);
      setState(
        (before) => ({ ...(before.key === key ? before : {}), key, failure: undefined, ...got }) as typeof state,
      );
      if (everyMs !== undefined) timer = setTimeout(() => void begin(), everyMs);
    };
    const begin = async (): Promise<void> => {
      if (!document.hidden) return run();
      document.addEventListener("visibilitychange", () => void (isOver || begin()), { once: true });
    };
    void begin();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, everyMs, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isCurrent = state.key === key;
  return {
    data: isCurrent ? state.data : undefined,
    failure: isCurrent ? state.failure : undefined,
    isLoading,
    reload,
  };
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
