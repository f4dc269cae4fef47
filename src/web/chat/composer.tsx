/** Where one writes: several lines, a draft per room, mentions, files by button, drop and paste, replies and edits. */
import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { MessageView } from "../../client/stoa-chat.ts";
import { Icon } from "../ui/icon.tsx";
import { toast } from "../ui/toast.tsx";
import { attempt } from "./actions.ts";
import { About, Attach, Extras, MutedNote, Uploads } from "./composer-parts.tsx";
import { hasFiles, type Writing, writingIn } from "./composer-state.ts";
import { begunAt, emojiClosedAt } from "./completion.ts";
import { type Candidate, MentionList, textOf, useCandidates } from "./mention-list.tsx";
import { isEditable, startEdit } from "./message-row.tsx";
import { mayWrite } from "./roles.ts";
import { session } from "./session.ts";
import { drafts, setDraft } from "./ui-state.ts";

const HEIGHT_PX_MAX = 220;
/** From this part of what is allowed on it is said how much there is. */
const NEAR_THE_END = 0.9;

export interface ComposerProps {
  readonly roomId: string;
  /** In a thread: what it hangs on. */
  readonly thread?: MessageView;
  readonly placeholder: string;
}

export function Composer({ roomId, thread, placeholder }: ComposerProps) {
  const room = session().room(roomId);
  if (room?.isArchived) return <Closed text="This room is archived: it can be read, not written in." />;
  if (!mayWrite(roomId)) return <Closed text="Only those who run this room write here." />;
  const key = thread === undefined ? roomId : `${roomId}/${thread.messageId}`;
  return <Open key={key} draftKey={key} roomId={roomId} placeholder={placeholder} {...(thread && { thread })} />;
}

function Closed({ text }: { readonly text: string }) {
  return (
    <div class="composer-closed">
      <Icon name="lock" size={16} />
      {text}
    </div>
  );
}

function Open({ roomId, thread, placeholder, draftKey }: ComposerProps & { readonly draftKey: string }) {
  const writing = writingIn(roomId, draftKey);
  const draft = drafts.value[draftKey];
  const field = useRef<HTMLTextAreaElement>(null);
  /** With the message that it is of: another one begins with its own text. */
  const edited = useSignal<{ readonly of: string; readonly text: string } | undefined>(undefined);
  const cursor = useSignal(0);
  const chosen = useSignal(0);
  const isDismissed = useSignal(false);
  const listId = useId();
  const isEdit = draft?.mode === "edit";
  const isOfDraft = isEdit && edited.value?.of === draft.message.messageId;
  const text = isOfDraft ? (edited.value?.text ?? "") : isEdit ? draft.message.content : writing.text.value;
  const at = begunAt(text, cursor.value);
  const candidates = useCandidates(roomId, isDismissed.value ? undefined : at);

  // Before the next key comes: the cursor moves under nobody's hands.
  useLayoutEffect(() => {
    if (draft !== undefined) field.current?.focus();
    if (isEdit) field.current?.setSelectionRange(draft.message.content.length, draft.message.content.length);
  }, [draft?.message.messageId, draft?.mode]);
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, HEIGHT_PX_MAX)}px`;
  }, [text]);

  const put = (next: string, place: number): void => {
    if (isEdit) edited.value = { of: draft.message.messageId, text: next };
    else writing.write(next);
    cursor.value = place;
  };
  const insert = (piece: string, from: number, to: number, within = text): void => {
    const next = within.slice(0, from) + piece + within.slice(to);
    put(next, from + piece.length);
    // In the field at once: who types on meanwhile has the cursor where it belongs.
    const area = field.current;
    if (area === null) return;
    area.value = next;
    area.focus();
    area.setSelectionRange(from + piece.length, from + piece.length);
  };
  const pick = (candidate: Candidate): void => {
    if (at !== undefined) insert(textOf(candidate), at.from, cursor.value);
  };
  const lengthMax = session().lengthMax.value;
  const isTooLong = lengthMax !== undefined && text.trim().length > lengthMax;
  const submit = (): void => {
    if (isTooLong) return;
    const isDone = isEdit ? saveEdit(draft.message, text) : send(writing, roomId, thread ?? draft?.message);
    if (!isDone) return;
    edited.value = undefined;
    setDraft(draftKey, undefined);
    session().client.stopTyping(roomId);
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (
      candidates.length > 0 &&
      listKey(event, candidates, chosen, pick, () => {
        isDismissed.value = true;
      })
    )
      return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && draft !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      edited.value = undefined;
      setDraft(draftKey, undefined);
    } else if (event.key === "ArrowUp" && text === "") {
      const root = thread?.messageId;
      const isHere = (one: MessageView): boolean => root === undefined || one.threadId === root;
      const own = session()
        .window(roomId)
        .messages.value.findLast((one) => isHere(one) && isEditable(one));
      if (own === undefined) return;
      event.preventDefault();
      startEdit(own, root);
    }
  };
  return (
    <div
      class="composer"
      onDragOver={(event) => {
        if (hasFiles(event)) event.preventDefault();
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        writing.add(event.dataTransfer?.files ?? []);
      }}
    >
      {candidates.length > 0 && (
        <MentionList
          id={listId}
          candidates={candidates}
          chosen={Math.min(chosen.value, candidates.length - 1)}
          onPick={pick}
        />
      )}
      <MutedNote roomId={roomId} />
      {draft && <About draft={draft} onCancel={() => setDraft(draftKey, undefined)} />}
      {!isEdit && <Uploads writing={writing} />}
      {lengthMax !== undefined && text.length > lengthMax * NEAR_THE_END && (
        <p class={isTooLong ? "composer-length is-bad" : "composer-length"} role={isTooLong ? "alert" : undefined}>
          {text.trim().length.toLocaleString()} of {lengthMax.toLocaleString()} characters
        </p>
      )}
      <div class="composer-row">
        <Attach writing={writing} isHidden={isEdit || session().room(roomId)?.allowFileUploads === false} />
        <div class="composer-field">
          {text === "" && (
            <span class="composer-hint cut" aria-hidden="true">
              {placeholder}
            </span>
          )}
          <textarea
            ref={field}
            data-home={thread === undefined ? "" : undefined}
            rows={1}
            dir="auto"
            value={text}
            aria-label={placeholder}
            aria-autocomplete="list"
            aria-controls={candidates.length > 0 ? listId : undefined}
            aria-activedescendant={
              candidates.length > 0 ? `${listId}-${Math.min(chosen.value, candidates.length - 1)}` : undefined
            }
            onInput={(event) => {
              isDismissed.value = false;
              chosen.value = 0;
              const { value, selectionStart } = event.currentTarget;
              const closed = emojiClosedAt(value, selectionStart);
              if (closed === undefined) put(value, selectionStart);
              else insert(closed.emoji, closed.from, selectionStart, value);
              if (value !== "" && !isEdit) session().client.typing(roomId);
              else session().client.stopTyping(roomId);
            }}
            onSelect={(event) => {
              cursor.value = event.currentTarget.selectionStart;
            }}
            onKeyDown={keyDown}
            onPaste={(event) => {
              const files = [...(event.clipboardData?.files ?? [])];
              if (files.length === 0) return;
              event.preventDefault();
              writing.add(files);
            }}
          />
        </div>
        <Extras
          isPlain={!isEdit && thread === undefined}
          onEmoji={(emoji) => insert(emoji, cursor.value, cursor.value)}
        />
        <button
          type="button"
          class="send"
          aria-label={isEdit ? "Save" : "Send"}
          title={isEdit ? "Save" : "Send"}
          disabled={isTooLong || (text.trim() === "" && !writing.files.value.some(({ done }) => done))}
          onClick={submit}
        >
          <Icon name={isEdit ? "check" : "send"} size={18} />
        </button>
      </div>
    </div>
  );
}

/** The keys of the list of people. true: it was one. */
function listKey(
  { key }: KeyboardEvent,
  candidates: readonly Candidate[],
  chosen: { value: number },
  pick: (candidate: Candidate) => void,
  dismiss: () => void,
): boolean {
  const count = candidates.length;
  if (key === "ArrowDown") chosen.value = (chosen.value + 1) % count;
  else if (key === "ArrowUp") chosen.value = (chosen.value + count - 1) % count;
  else if (key === "Escape") dismiss();
  else if (key === "Enter" || key === "Tab") {
    const candidate = candidates[Math.min(chosen.value, count - 1)];
    if (candidate !== undefined) pick(candidate);
  } else return false;
  return true;
}

function saveEdit({ roomId, messageId, content }: MessageView, text: string): boolean {
  const next = text.trim();
  if (next === "") return false;
  if (next !== content) {
    void attempt(session().client.request({ type: "edit_message", roomId, messageId, content: next }));
  }
  return true;
}

function send(writing: Writing, roomId: string, answered: MessageView | undefined): boolean {
  const content = writing.text.value.trim();
  const files = writing.files.value;
  const open = files.find(({ done }) => done === undefined);
  if (open !== undefined) {
    toast(
      open.error === undefined
        ? `${open.file.name} is still on its way.`
        : `${open.file.name} was not taken: remove it first.`,
    );
    return false;
  }
  const attachments = files.flatMap(({ done }) => done ?? []);
  if (content === "" && attachments.length === 0) return false;
  const replyTo = answered?.messageId;
  session()
    .client.send(roomId, content, {
      ...(replyTo !== undefined && { replyTo }),
      ...(attachments.length > 0 && { attachments }),
    })
    // What was refused stands behind the messages, with the reason.
    .catch(() => undefined);
  writing.clear();
  return true;
}
