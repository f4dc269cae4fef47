/** The token of `/metrics`, by which an operator sees the whole server. Invariant: it is kept for this tab only. */
import { signal } from "@preact/signals";
import { keptIn } from "../ui/kept.ts";

const KEY = "stoa-operator";
const keptHere = keptIn(() => sessionStorage);

export const operatorToken = signal<string | undefined>(keptHere.getItem(KEY) ?? undefined);

export function setOperator(token: string): void {
  keptHere.setItem(KEY, token);
  operatorToken.value = token;
}

export function forgetOperator(): void {
  keptHere.removeItem(KEY);
  operatorToken.value = undefined;
}
