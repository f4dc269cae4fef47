/** What somebody types, once they have stopped for a moment: not every letter is a question to the server. */
import { useEffect, useState } from "preact/hooks";

const PAUSE_MS = 250;

export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
