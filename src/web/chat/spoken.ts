/**
 * When the messages of a room are read aloud to those who do not see them: as they come, while they are few. A room that is opened, and one in
 * which more is written than anybody can listen to, are quiet; they are read by the arrows.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

const CALM_MAX = 5;
const CALM_MS = 5_000;

/** How much comes. Time is given, in milliseconds. */
export class Pace {
  #seq: number | undefined;
  #came: readonly number[] = [];

  /** There was nothing before what comes. */
  begin(): void {
    this.#seq ??= 0;
  }

  /** The newest message is this one now. false: too much came in the last seconds, or it was there before. */
  isCalm(seq: number, now: number): boolean {
    const count = this.#seq === undefined ? CALM_MAX + 1 : Math.min(CALM_MAX + 1, Math.max(0, seq - this.#seq));
    this.#seq = seq;
    this.#came = [...this.#came.filter((at) => now - at < CALM_MS), ...Array<number>(count).fill(now)].slice(
      -CALM_MAX - 1,
    );
    return this.#came.length <= CALM_MAX;
  }
}

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
