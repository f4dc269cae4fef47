/**
 * How deep a text of JSON is nested, told before a parser builds anything of it. Invariant: brackets within its strings do not count,
 * and a text that is no JSON is passed on: its parser says so.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Nearly all texts have too few brackets to be deep. */
export function isNestedDeeper(text: string, depthMax: number): boolean {
  if (!hasMoreOpenings(text, depthMax)) return false;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

function hasMoreOpenings(text: string, countMax: number): boolean {
  let count = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > countMax) return true;
    }
  }
  return false;
}
