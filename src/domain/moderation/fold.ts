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
const MARK = /^\p{M}/u;
/** Below it there are no marks. */
const FIRST_MARK = 0x300;
/** What characters of the world's texts were folded to; forgotten when there are too many. */
const known = new Map<string, string>();
const KNOWN_MAX = 4_096;
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
  for (let from = 0; from < original.length; ) {
    const to = clusterEnd(original, from);
    const folded = foldCluster(original.slice(from, to));
    text += folded;
    for (let i = 0; i < folded.length; i += 1) {
      starts.push(from);
      ends.push(to);
    }
    from = to;
  }
  return { text, letters: lettersOf(text), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

/** Behind the character at `from` and the marks that stand on it. */
function clusterEnd(text: string, from: number): number {
  let end = from + sizeAt(text, from);
  while (end < text.length && text.charCodeAt(end) >= FIRST_MARK) {
    const size = sizeAt(text, end);
    if (!MARK.test(text.slice(end, end + size))) break;
    end += size;
  }
  return end;
}

/** Units of the code point. */
function sizeAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function foldCluster(cluster: string): string {
  const before = known.get(cluster);
  if (before !== undefined) return before;
  const folded = foldAnew(cluster);
  if (known.size >= KNOWN_MAX) known.clear();
  // A long pile of marks is nobody's letter.
  if (cluster.length <= 2) known.set(cluster, folded);
  return folded;
}

function foldAnew(cluster: string): string {
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
