/**
 * When the messages of a room are read aloud to those who do not see them: as they come, while they are few. A room that is opened, and one in
 * which more is written than anybody can listen to, are quiet; they are read by the arrows.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CALM_MS, Pace } from "./pace.ts";

export function useSpoken(newest: number | undefined, isLoading: boolean): boolean {
  const pace = useRef(new Pace());
  const isSpoken = useSignal(false);
  useEffect(() => {
    if (newest === undefined) {
      if (!isLoading) pace.current.begin();
      isSpoken.value = !isLoading;
      return;
    }
    isSpoken.value = pace.current.isCalm(newest, performance.now());
    if (isSpoken.value) return;
    const timer = setTimeout(() => {
      isSpoken.value = true;
    }, CALM_MS);
    return () => clearTimeout(timer);
  }, [newest, isLoading]);
  return isSpoken.value;
}
