/** One range of bytes out of a `Range` header, as RFC 9110 has it. */

export type Wanted =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "beyond" };

const WHOLE: Wanted = { kind: "whole" };

/** Several ranges, and what is no range, are answered with the whole. `end` is exclusive. */
export function wantedOf(header: string | null, bytes: number): Wanted {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return WHOLE;
  if (first === "") {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? { kind: "beyond" } : { kind: "part", start: bytes - length, end: bytes };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return WHOLE;
  if (start >= bytes) return { kind: "beyond" };
  return { kind: "part", start, end: last === "" ? bytes : Math.min(Number(last) + 1, bytes) };
}
