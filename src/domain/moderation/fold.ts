/**
 * One spelling for texts that look alike: case, compatibility forms (NFKC), invisible characters, stacked marks, letters of
 * other scripts that look Latin. Words of lists and texts of messages are compared in this spelling.
 * Invariant: each unit of the folded text knows the part of the original that it came from, so that it can be masked there.
 */

export interface Folded {
  readonly text: string;
  /** With digits and signs read as the letters that they stand for in "l33t"; the same length. `undefined`: there are none. */
  readonly letters: string | undefined;
  /** Start and end in the original of each unit of `text`; `undefined`: each stands at its own place. */
  readonly starts: Uint32Array | undefined;
  readonly ends: Uint32Array | undefined;
}

const BEYOND_ASCII = /\P{ASCII}/u;
const MAYBE_LETTERS = /[0-9@$!|]/;
/** A character with the marks that stand on it. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu;
/** What is left of marks once a letter has taken those that it may have, and what nobody sees. */
const UNSEEN = /\p{DI}|[\u0300-\u036f]/gu;
/** Digits and signs can stand for letters where there is a letter among them. */
const RUN = /[a-z0-9@$!|]+/g;
const LETTER = /[a-z]/;

/** Lower-case letters of other scripts by the Latin letter that they look like. */
const LOOK_ALIKES = new Map(
  Object.entries({
    a: "аαɑ",
    b: "ьв",
    c: "сϲ",
    d: "ԁ",
    e: "еєε",
    g: "ɡ",
    h: "һн",
    i: "іιı",
    j: "ј",
    k: "кκ",
    l: "ӏ",
    m: "м",
    n: "η",
    o: "оοσ",
    p: "рρ",
    q: "ԛ",
    s: "ѕ",
    t: "тτ",
    u: "υ",
    v: "ν",
    w: "ԝω",
    x: "хχ",
    y: "уγ",
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);
const STANDS_FOR = new Map(
  Object.entries({ 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", 8: "b", "@": "a", $: "s", "!": "i", "|": "i" }),
);

export function fold(original: string): Folded {
  if (!BEYOND_ASCII.test(original)) {
    const text = original.toLowerCase();
    return { text, letters: lettersOf(text), starts: undefined, ends: undefined };
  }
  const starts: number[] = [];
  const ends: number[] = [];
  let text = "";
  for (const { 0: cluster, index } of original.matchAll(CLUSTER)) {
    const folded = foldCluster(cluster);
    text += folded;
    for (let i = 0; i < folded.length; i += 1) {
      starts.push(index);
      ends.push(index + cluster.length);
    }
  }
  return { text, letters: lettersOf(text), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

function foldCluster(cluster: string): string {
  const code = cluster.charCodeAt(0);
  if (cluster.length === 1 && code < 0x80) return cluster.toLowerCase();
  let folded = "";
  for (const character of cluster.normalize("NFKC").toLowerCase().replace(UNSEEN, "")) {
    folded += LOOK_ALIKES.get(character) ?? character;
  }
  return folded;
}

function lettersOf(text: string): string | undefined {
  if (!MAYBE_LETTERS.test(text)) return undefined;
  const letters = text.replace(RUN, (run) => {
    if (!LETTER.test(run) || !MAYBE_LETTERS.test(run)) return run;
    let read = "";
    for (const character of run) read += STANDS_FOR.get(character) ?? character;
    return read;
  });
  return letters === text ? undefined : letters;
}

/** The place in the original of the folded text's [from, to). */
export function originalRange({ starts, ends }: Folded, from: number, to: number): readonly [number, number] {
  if (starts === undefined || ends === undefined) return [from, to];
  return [starts[from] ?? 0, ends[to - 1] ?? 0];
}
