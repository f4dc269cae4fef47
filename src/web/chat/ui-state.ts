/** What of the page is open: the panel beside the messages, a dialog over them, what the composer is about. */
import { signal } from "@preact/signals";
import type { MessageView } from "../../client/stoa-chat.ts";

export type Panel =
  | { readonly kind: "members" | "pins" | "search" | "queue" | "threads" }
  /** `isFromList`: out of the list of threads, to which one may go back. */
  | { readonly kind: "thread"; readonly rootId: string; readonly isFromList?: true };

/** Of a member; with `reportId` it is the answer to that report. */
export interface Sanction {
  readonly what: "mute" | "ban";
  readonly userId: string;
  readonly name: string;
  readonly reportId?: string;
}

export type DialogName =
  | { readonly kind: "create" | "discover" | "direct" | "profile" | "help" | "poll" | "room" | "invite" | "date" }
  | { readonly kind: "report"; readonly messageId?: string; readonly userId?: string; readonly name: string }
  | ({ readonly kind: "sanction" } & Sanction)
  | { readonly kind: "picture"; readonly url: string; readonly name: string }
  | {
      readonly kind: "confirm";
      readonly title: string;
      readonly text: string;
      readonly action: string;
      readonly run: () => void;
    };

export interface Draft {
  readonly mode: "reply" | "edit";
  readonly message: MessageView;
}

export const panel = signal<Panel | undefined>(undefined);
export const dialog = signal<DialogName | undefined>(undefined);
/** Per room, or per thread: what is replied to or edited. */
export const drafts = signal<Readonly<Record<string, Draft>>>({});
/** The message to which the page has just jumped. */
export const marked = signal<string | undefined>(undefined);

export function setDraft(key: string, draft: Draft | undefined): void {
  const { [key]: _before, ...others } = drafts.value;
  drafts.value = draft === undefined ? others : { ...others, [key]: draft };
}

export function togglePanel(kind: Exclude<Panel["kind"], "thread">): void {
  panel.value = panel.value?.kind === kind ? undefined : { kind };
}

/** The writing field of the room. */
export function focusComposer(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".room .composer textarea")?.focus());
}
