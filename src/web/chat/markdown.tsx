/**
 * Text of people as nodes: bold, italic, struck, code, blocks of code, quotes, lists, links and mentions. No HTML is ever made of it.
 * Invariant: each pattern is linear in the text; a link leads to http, https or mail, and nowhere else.
 */
import type { ComponentChildren } from "preact";
import { IconButton } from "../ui/button.tsx";
import { copy } from "./actions.ts";

export interface TextContext {
  readonly self: string;
  readonly nameOf: (userId: string) => string;
  readonly mentions: readonly string[];
}

const FENCE = /^```([\w+-]{0,20})[^\n]*\n([\s\S]*?)(?:\n```[ \t]*$|$(?![\s\S]))/m;
/** In this order: code first, since nothing is anything inside of it. */
const INLINE =
  /`([^`\n]{1,2000})`|\*\*([^*\n]{1,2000})\*\*|__([^_\n]{1,2000})__|~~([^~\n]{1,2000})~~|(?<![\w*])\*([^*\s][^*\n]{0,2000})\*(?!\w)|(?<!\w)_([^_\s][^_\n]{0,2000})_(?!\w)|\[([^\]\n]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)|(https?:\/\/[^\s<>"]{1,2000})|(?<![\w@])@([\w.:|+=,~$!*-]{1,128})/g;
const ENDING = /[.,;:!?'")\]}]+$/;
const DEPTH_MAX = 4;

export function renderText(text: string, context: TextContext): ComponentChildren {
  const parts: ComponentChildren[] = [];
  let rest = text;
  for (let found = FENCE.exec(rest); found !== null; found = FENCE.exec(rest)) {
    parts.push(...blocks(rest.slice(0, found.index), context));
    parts.push(<CodeBlock text={found[2] ?? ""} />);
    rest = rest.slice(found.index + found[0].length);
  }
  parts.push(...blocks(rest, context));
  return parts;
}

/** One to three emoji and nothing else. */
const FEW_EMOJI =
  /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F|\u200D\p{Extended_Pictographic})*\s?){1,3}$/u;

export function isFewEmoji(text: string): boolean {
  return FEW_EMOJI.test(text);
}

/** Only its first line, for quotes and lists. */
export function plainText(text: string): string {
  return text
    .replace(/```[\w+-]*\n?/g, "")
    .replace(/[*_`~]{1,2}(\S(?:[^*_`~\n]*\S)?)[*_`~]{1,2}/g, "$1")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 300);
}

/** Where something begins that is no paragraph. */
const BLOCK = /^(?:> ?| {0,8}[-*] |\d{1,4}[.)] |#{1,6} (?=\S))/;

function blocks(text: string, context: TextContext): ComponentChildren[] {
  const lines = text.replace(/^\n+|\n+$/g, "").split("\n");
  const parts: ComponentChildren[] = [];
  const take = (is: RegExp): string[] => {
    const taken: string[] = [];
    while (lines[0] !== undefined && is.test(lines[0])) taken.push((lines.shift() ?? "").replace(is, ""));
    return taken;
  };
  while (lines.length > 0) {
    const quoted = take(/^> ?/);
    if (quoted.length > 0) {
      parts.push(<blockquote dir="auto">{withBreaks(quoted, context)}</blockquote>);
      continue;
    }
    const items = take(/^ {0,8}[-*] /);
    if (items.length > 0) {
      parts.push(<ul dir="auto">{itemsOf(items, context)}</ul>);
      continue;
    }
    const first = Number.parseInt(lines[0] ?? "", 10);
    const numbered = take(/^\d{1,4}[.)] /);
    if (numbered.length > 0) {
      parts.push(
        <ol dir="auto" start={first}>
          {itemsOf(numbered, context)}
        </ol>,
      );
      continue;
    }
    const titles = take(/^#{1,6} (?=\S)/);
    if (titles.length > 0) {
      parts.push(...titles.map((title) => <p class="message-title">{inline(title, context, 0)}</p>));
      continue;
    }
    const plain: string[] = [];
    while (lines[0] !== undefined && !BLOCK.test(lines[0])) plain.push(lines.shift() ?? "");
    if (plain.some((line) => line !== "")) parts.push(<p>{withBreaks(plain, context)}</p>);
  }
  return parts;
}

function itemsOf(items: readonly string[], context: TextContext): ComponentChildren[] {
  return items.map((item) => <li>{inline(item, context, 0)}</li>);
}

function CodeBlock({ text }: { readonly text: string }) {
  return (
    <div class="code">
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <IconButton icon="copy" label="Copy code" small onClick={() => copy(text)} />
    </div>
  );
}

function withBreaks(lines: readonly string[], context: TextContext): ComponentChildren[] {
  return lines.flatMap((line, at) => [...(at > 0 ? [<br />] : []), ...inline(line, context, 0)]);
}

function inline(text: string, context: TextContext, depth: number): ComponentChildren[] {
  if (depth > DEPTH_MAX) return [text];
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) parts.push(text.slice(at, found.index));
    parts.push(nodeOf(found, context, depth));
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

function nodeOf(found: RegExpMatchArray, context: TextContext, depth: number): ComponentChildren {
  const [whole, code, bold, bold2, struck, italic, italic2, label, target, address, mention] = found;
  const within = (text: string): ComponentChildren[] => inline(text, context, depth + 1);
  if (code !== undefined) return <code>{code}</code>;
  if (bold !== undefined || bold2 !== undefined) return <strong>{within(bold ?? bold2 ?? "")}</strong>;
  if (struck !== undefined) return <s>{within(struck)}</s>;
  if (italic !== undefined || italic2 !== undefined) return <em>{within(italic ?? italic2 ?? "")}</em>;
  if (label !== undefined && target !== undefined) return link(target, label);
  if (address !== undefined) {
    const ending = ENDING.exec(address)?.[0] ?? "";
    const clean = ending === "" ? address : address.slice(0, -ending.length);
    return [link(clean, clean), ending];
  }
  return mentionOf(mention ?? "", whole, context);
}

function link(address: string, text: string): ComponentChildren {
  if (!URL.canParse(address)) return text;
  return (
    <a href={new URL(address).href} target="_blank" rel="noopener noreferrer nofollow">
      {text}
    </a>
  );
}

const EVERYBODY = ["room", "all", "here"];
const ASSISTANT = ["ai", "assistant"];

function mentionOf(name: string, whole: string, { self, nameOf, mentions }: TextContext): ComponentChildren {
  const ending = ENDING.exec(name)?.[0] ?? "";
  const id = mentions.includes(name) || ending === "" ? name : name.slice(0, -ending.length);
  const rest = name.slice(id.length);
  if (mentions.includes(id)) {
    return [<span class={id === self ? "mention is-self" : "mention"}>@{nameOf(id)}</span>, rest];
  }
  if (EVERYBODY.includes(id) || ASSISTANT.includes(id)) return [<span class="mention">@{id}</span>, rest];
  return whole;
}
