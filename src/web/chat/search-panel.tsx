/** Finding messages by their words, here or in all rooms; a hit leads to its place. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Icon } from "../ui/icon.tsx";
import { rove } from "../ui/roving.ts";
import { Tabs } from "../ui/tabs.tsx";
import { attempt } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { Excerpt } from "./excerpt.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { session } from "./session.ts";
import type { MessageJson } from "./types.ts";

interface Hit {
  readonly message: MessageJson;
  readonly excerpt: {
    readonly text: string;
    readonly marks: readonly (readonly [number, number])[];
    readonly isCutBefore: boolean;
    readonly isCutAfter: boolean;
  };
}
interface Found {
  readonly hits: readonly Hit[];
  readonly pagination: { readonly next: string | null };
}

const WAIT_MS = 200;
const PLACES = [
  ["here", "This room"],
  ["everywhere", "All rooms"],
] as const;

export function SearchPanel({ roomId }: { readonly roomId: string }) {
  const words = useSignal("");
  const where = useSignal<"here" | "everywhere">("here");
  const found = useSignal<Found | undefined>(undefined);
  const error = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const place = where.value === "here" ? roomPath(roomId, "/search") : "/v1/chat/search";
  const read = (cursor?: string) => {
    const query = new URLSearchParams({ q: asPrefix(words.value), order: "newest", ...(cursor && { cursor }) });
    return session().client.rest<Found>("GET", `${place}?${query}`);
  };
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (words.value.trim() === "") {
      found.value = undefined;
      error.value = undefined;
      return;
    }
    let isWanted = true;
    const timer = setTimeout(() => {
      read().then(
        (page) => {
          if (!isWanted) return;
          found.value = page;
          error.value = undefined;
        },
        (failure: Error) => {
          if (isWanted) error.value = failure.message;
        },
      );
    }, WAIT_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [words.value, place]);
  const more = async (): Promise<void> => {
    const page = await attempt(read(found.value?.pagination.next ?? undefined));
    if (page !== undefined) found.value = { ...page, hits: [...(found.value?.hits ?? []), ...page.hits] };
  };
  return (
    <PanelFrame title="Search">
      <div class="search-head">
        <label class="search-field">
          <Icon name="search" size={16} />
          <input
            ref={field}
            type="search"
            placeholder="Find messages"
            aria-label="Find messages"
            value={words.value}
            onInput={(event) => {
              words.value = event.currentTarget.value;
            }}
          />
        </label>
        <Tabs
          label="Where"
          value={where.value}
          tabs={PLACES}
          onChange={(chosen) => {
            where.value = chosen;
          }}
        />
      </div>
      <div class="panel-body" aria-live="polite">
        {error.value && <p class="panel-note is-bad">{error.value}</p>}
        {found.value === undefined && !error.value && (
          <Empty icon="search" title="Find what was said">
            <p>All words must be there. “In quotes” they follow one another.</p>
          </Empty>
        )}
        {found.value?.hits.length === 0 && (
          <Empty icon="search" title="Nothing found">
            <p>Try fewer words, or all rooms.</p>
          </Empty>
        )}
        <ul class="excerpts" ref={list} onKeyDown={(event) => rove(event, list)}>
          {found.value?.hits.map(({ message, excerpt }) => (
            <li key={`${message.roomId}/${message.messageId}`}>
              <Excerpt message={message} withRoom={where.value === "everywhere"}>
                {marked(excerpt)}
              </Excerpt>
            </li>
          ))}
        </ul>
        {found.value?.pagination.next && (
          <Button small kind="quiet" wide onClick={() => void more()}>
            More
          </Button>
        )}
      </div>
    </PanelFrame>
  );
}

/** While one types, the last word may not be whole yet. */
function asPrefix(words: string): string {
  return /[\p{L}\p{N}]$/u.test(words) && !words.includes('"') ? `${words}*` : words;
}

function marked({ text, marks, isCutBefore, isCutAfter }: Hit["excerpt"]): ComponentChildren {
  const parts: ComponentChildren[] = [isCutBefore && "… "];
  let at = 0;
  for (const [from, to] of marks) {
    parts.push(bare(text.slice(at, from)), <mark>{text.slice(from, to)}</mark>);
    at = to;
  }
  return [...parts, bare(text.slice(at)), isCutAfter && " …"];
}

/** Without the signs of bold and code. */
function bare(text: string): string {
  return text.replace(/\*\*|`{1,3}/g, "");
}
