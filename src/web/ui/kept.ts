/**
 * What the page keeps in this browser. One that keeps nothing, since that is forbidden or all is full, stops nobody: then it is kept as long as
 * the page is open.
 * Invariant: nothing here throws.
 */

export interface Kept {
  readonly getItem: (key: string) => string | null;
  readonly setItem: (key: string, text: string) => void;
  readonly removeItem: (key: string) => void;
  readonly getAllKeys: () => readonly string[];
}

/** `storage` is asked each time: where it is forbidden, even to look at it throws. */
export function keptIn(storage: () => Storage): Kept {
  /** What the browser did not take. */
  const refused = new Map<string, string>();
  const attempt = <Answer>(ask: (there: Storage) => Answer, otherwise: Answer): Answer => {
    try {
      return ask(storage());
    } catch {
      return otherwise;
    }
  };
  return {
    getItem: (key) => refused.get(key) ?? attempt((there) => there.getItem(key), null),
    setItem: (key, text) => {
      const isTaken = attempt((there) => {
        there.setItem(key, text);
        return true;
      }, false);
      if (isTaken) refused.delete(key);
      else refused.set(key, text);
    },
    removeItem: (key) => {
      refused.delete(key);
      attempt((there) => there.removeItem(key), undefined);
    },
    getAllKeys: () => [...new Set([...attempt((there) => Object.keys(there), []), ...refused.keys()])],
  };
}

/** Over reloads, and for all tabs. */
export const kept = keptIn(() => localStorage);
