/** What is read over REST for as long as a component is there. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export interface Loaded<Value> {
  readonly value: Signal<Value | undefined>;
  readonly error: Signal<string | undefined>;
  readonly reload: () => void;
}

/** Read anew when one of `of` changes. */
export function useLoaded<Value>(read: () => Promise<Value>, of: readonly unknown[]): Loaded<Value> {
  const value = useSignal<Value | undefined>(undefined);
  const error = useSignal<string | undefined>(undefined);
  const round = useSignal(0);
  useEffect(() => {
    let isWanted = true;
    read().then(
      (found) => {
        if (!isWanted) return;
        value.value = found;
        error.value = undefined;
      },
      (failure: Error) => {
        if (isWanted) error.value = failure.message;
      },
    );
    return () => {
      isWanted = false;
    };
  }, [...of, round.value]);
  return {
    value,
    error,
    reload: () => {
      round.value += 1;
    },
  };
}
