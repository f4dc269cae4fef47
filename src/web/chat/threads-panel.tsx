/** The threads that one follows, in all rooms: those with replies not read first. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { rove } from "../ui/roving.ts";
import { attempt } from "./actions.ts";
import { ExcerptBody } from "./excerpt.tsx";
import { brief, count, plural } from "./format.ts";
import { plainText } from "./markdown.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { go } from "./router.ts";
import { session } from "./session.ts";
import type { MessageJson, PageJson } from "./types.ts";
import { panel } from "./ui-state.ts";
import { useLoaded } from "./use-loaded.ts";

interface ThreadJson {
  readonly roomId: string;
  readonly threadId: string;
  readonly unreadCount: number;
  readonly message: MessageJson & {
    readonly thread: { readonly replyCount: number; readonly lastReplyAt?: string } | null;
  };
}
interface Page {
  readonly threads: readonly ThreadJson[];
  readonly pagination: PageJson;
}

const PATH = "/v1/chat/threads";
/** So many are told at connect: beyond, what was read with the list counts. */
const TOLD_MAX = 100;

/** Messages are numbered in each room. */
function idOf({ roomId, threadId }: ThreadJson): string {
  return `${roomId}/${threadId}`;
}

export function ThreadsPanel() {
  const { client, threads } = session();
  const more = useSignal<readonly ThreadJson[]>([]);
  const after = useSignal<string | null | undefined>(undefined);
  const list = useRef<HTMLUListElement>(null);
  const first = useLoaded(() => client.rest<Page>("GET", PATH), []);
  const told = threads.value;
  const unreadOf = ({ roomId, threadId, unreadCount }: ThreadJson): number =>
    told.find((one) => one.roomId === roomId && one.threadId === threadId)?.unread ??
    (told.length < TOLD_MAX ? 0 : unreadCount);
  const page = first.value.value;
  const known = [...(page?.threads ?? []), ...more.value];
  const ids = new Set(known.map(idOf));
  const shown = known.filter((one) => ids.delete(idOf(one)));
  const sorted = [...shown.filter((one) => unreadOf(one) > 0), ...shown.filter((one) => unreadOf(one) === 0)];
  const next = after.value === undefined ? (page?.pagination.hasMore ? page.pagination.after : null) : after.value;
  // A reply in one that is not in the list yet, or one more in one that is.
  const unread = told.reduce((sum, one) => sum + one.unread, 0);
  const isToReload = useRef(false);
  useEffect(() => {
    if (isToReload.current) first.reload();
    isToReload.current = true;
  }, [unread]);
  const loadMore = async (): Promise<void> => {
    const found = await attempt(client.rest<Page>("GET", `${PATH}?after=${next}`));
    if (found === undefined) return;
    more.value = [...more.value, ...found.threads];
    after.value = found.pagination.hasMore ? found.pagination.after : null;
  };
  return (
    <PanelFrame title="Threads you follow">
      <div class="panel-body">
        {first.error.value && <p class="panel-note is-bad">{first.error.value}</p>}
        {page !== undefined && sorted.length === 0 && (
          <Empty icon="thread" title="No threads yet">
            <p>Those that you began, replied in or were mentioned in stand here.</p>
          </Empty>
        )}
        <ul class="excerpts" ref={list} onKeyDown={(event) => rove(event, list)}>
          {sorted.map((thread) => (
            <li key={idOf(thread)}>
              <Entry thread={thread} unread={unreadOf(thread)} />
            </li>
          ))}
        </ul>
        {next && (
          <Button small kind="quiet" wide onClick={() => void loadMore()}>
            More
          </Button>
        )}
      </div>
    </PanelFrame>
  );
}

function Entry({ thread, unread }: { readonly thread: ThreadJson; readonly unread: number }) {
  const { roomId, threadId, message } = thread;
  const { replyCount = 0, lastReplyAt } = message.thread ?? {};
  return (
    <button
      type="button"
      data-item
      class={unread > 0 ? "excerpt is-unread" : "excerpt"}
      onClick={() => {
        go({ roomId });
        panel.value = { kind: "thread", rootId: threadId, isFromList: true };
      }}
    >
      <ExcerptBody message={message} withRoom>
        <span class="excerpt-text">{plainText(message.content) || "A file or poll"}</span>
        <span class="excerpt-foot faint">
          {unread > 0 && <span class="badge is-strong">{count(unread)}</span>}
          {unread > 0 && <span class="hidden-text">new</span>}
          {plural(replyCount, "reply", "replies")}
          {lastReplyAt !== undefined && ` · last ${brief(Date.parse(lastReplyAt))}`}
        </span>
      </ExcerptBody>
    </button>
  );
}
