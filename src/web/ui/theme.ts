/** Light, dark, or as the system says; kept in this browser. */
import { signal } from "@preact/signals";
import { kept } from "./kept.ts";

export type Theme = "system" | "light" | "dark";

const KEY = "stoa-theme";

export const theme = signal<Theme>("system");

/** Before anything is drawn. */
export function loadTheme(): void {
  const choice = kept.getItem(KEY);
  apply(choice === "light" || choice === "dark" ? choice : "system");
}

export function setTheme(choice: Theme): void {
  if (choice === "system") kept.removeItem(KEY);
  else kept.setItem(KEY, choice);
  apply(choice);
}

function apply(choice: Theme): void {
  theme.value = choice;
  if (choice === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
}
