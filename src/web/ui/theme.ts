/** Light, dark, or as the system says; kept in this browser. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "stoa-theme";

export const theme = signal<Theme>("system");

/** Before anything is drawn. */
export function loadTheme(): void {
  const kept = localStorage.getItem(KEY);
  apply(kept === "light" || kept === "dark" ? kept : "system");
}

export function setTheme(choice: Theme): void {
  if (choice === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  apply(choice);
}

function apply(choice: Theme): void {
  theme.value = choice;
  if (choice === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
}
