/** The token of `/metrics`, by which an operator sees the whole server. Invariant: it is kept for this tab only. */
import { signal } from "@preact/signals";

const KEY = "stoa-operator";

export const operatorToken = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);

export function setOperator(token: string): void {
  sessionStorage.setItem(KEY, token);
  operatorToken.value = token;
}

export function forgetOperator(): void {
  sessionStorage.removeItem(KEY);
  operatorToken.value = undefined;
}
