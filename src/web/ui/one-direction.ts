/**
 * Text of people cannot turn around what stands on the page: characters that force a direction on all that follows are not drawn, wherever text
 * comes from, so that no name of a file or address reads as another one. What is written from right to left needs none of them.
 * Invariant: it is what one sees that changes; what is copied by a button, linked or sent back stays as it is.
 */
import { options } from "preact";

/** Overrides and embeddings; isolates end with their paragraph and turn no letters around. */
const FORCED = /[\u202A-\u202E]/g;

export function inOneDirection(text: string): string {
  return text.replace(FORCED, "");
}

/** Before anything is drawn. Each text on the page is a node without a type, made by Preact itself. */
export function drawInOneDirection(): void {
  const before = options.vnode;
  options.vnode = (node) => {
    const text: unknown = node.props;
    if (typeof text === "string") (node as { props: unknown }).props = inOneDirection(text);
    before?.(node);
  };
}
