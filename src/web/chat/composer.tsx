/** Where one writes: several lines, a draft per room, mentions, files by button, drop and paste, replies and edits. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { MessageView } from "../../client/stoa-chat.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { type Place, placeBelow } from "../ui/popover.tsx";
import { attempt } from "./actions.ts";
import { type Writing, writingIn } from "./composer-state.ts";
import { EmojiPicker } from "./emoji.tsx";
import { size } from "./format.ts";
import { plainText } from "./markdown.tsx";
import { type Candidate, MentionList, mentionAt, useCandidates } from "./mention-list.tsx";
import { isEditable, startEdit } from "./message-row.tsx";
import { mayWrite } from "./roles.ts";
import { session } from "./session.ts";
import { dialog, drafts, setDraft } from "./ui-state.ts";

const HEIGHT_PX_MAX = 220;

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
  const edited = useSignal<string | undefined>(undefined);
  const cursor = useSignal(0);
  const chosen = useSignal(0);
  const isDismissed = useSignal(false);
  const listId = useId();
  const isEdit = draft?.mode === "edit";
  const text = isEdit ? (edited.value ?? draft.message.content) : writing.text.value;
  const at = mentionAt(text, cursor.value);
  const candidates = useCandidates(roomId, isDismissed.value ? undefined : at?.prefix);

  useEffect(() => {
    edited.value = undefined;
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
    if (isEdit) edited.value = next;
    else writing.write(next);
    cursor.value = place;
  };
  const insert = (piece: string, from: number, to: number): void => {
    put(text.slice(0, from) + piece + text.slice(to), from + piece.length);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(from + piece.length, from + piece.length);
    });
  };
  const pick = ({ id }: Candidate): void => {
    if (at !== undefined) insert(`@${id} `, at.from, cursor.value);
  };
  const submit = (): void => {
    const isDone = isEdit ? saveEdit(draft.message, text) : send(writing, roomId, thread ?? draft?.message);
    if (!isDone) return;
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
      setDraft(draftKey, undefined);
    } else if (event.key === "ArrowUp" && text === "" && thread === undefined) {
      const own = session().window(roomId).messages.value.findLast(isEditable);
      if (own === undefined) return;
      event.preventDefault();
      startEdit(own);
    }
  };
  return (
    <div
      class="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
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
      {draft && <About draft={draft} onCancel={() => setDraft(draftKey, undefined)} />}
      {!isEdit && <Uploads writing={writing} />}
      <div class="composer-row">
        <Attach writing={writing} isHidden={isEdit || session().room(roomId)?.allowFileUploads === false} />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={text}
          placeholder={placeholder}
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
            put(value, selectionStart);
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
        <Extras
          isPlain={!isEdit && thread === undefined}
          onEmoji={(emoji) => insert(emoji, cursor.value, cursor.value)}
        />
        <button
          type="button"
          class="send"
          aria-label={isEdit ? "Save" : "Send"}
          title={isEdit ? "Save" : "Send"}
          disabled={text.trim() === "" && !writing.files.value.some(({ done }) => done)}
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
  const files = writing.files.value.filter(({ error }) => error === undefined);
  if (files.some(({ done }) => done === undefined)) {
    void attempt(Promise.reject(new Error("A file is still on its way.")));
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
  writing.write("");
  writing.files.value = [];
  return true;
}

interface AboutProps {
  readonly draft: { readonly mode: "reply" | "edit"; readonly message: MessageView };
  readonly onCancel: () => void;
}

function About({ draft: { mode, message }, onCancel }: AboutProps) {
  const author = message.authorName ?? session().nameOf(message.authorId);
  return (
    <div class="composer-about">
      <Icon name={mode} size={15} />
      <span class="cut grow">
        {mode === "edit" ? (
          "Editing your message"
        ) : (
          <>
            Replying to <strong>{author}</strong>
          </>
        )}
        {mode === "reply" && <span class="faint"> {plainText(message.content)}</span>}
      </span>
      <IconButton icon="close" small label={mode === "edit" ? "Cancel editing" : "Cancel reply"} onClick={onCancel} />
    </div>
  );
}

function Uploads({ writing }: { readonly writing: Writing }) {
  const files = writing.files.value;
  if (files.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Files">
      {files.map(({ id, file, progress, done, error }) => (
        <li key={id} class={error ? "upload is-bad" : "upload"}>
          <Icon name={done ? "check" : error ? "warn" : "file"} size={16} />
          <span class="grow">
            <strong class="cut">{file.name}</strong>
            <small class={error ? "" : "faint"}>{error ?? size(file.size)}</small>
            {!done && !error && <progress value={progress} max={1} aria-label={`${file.name}: how much is sent`} />}
          </span>
          <IconButton icon="close" small label={`Remove ${file.name}`} onClick={() => writing.drop(id)} />
        </li>
      ))}
    </ul>
  );
}

function Attach({ writing, isHidden }: { readonly writing: Writing; readonly isHidden: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  if (isHidden) return <span class="composer-gap" />;
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          writing.add(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
      <IconButton icon="attach" label="Attach files" onClick={() => input.current?.click()} />
    </>
  );
}

function Extras({ isPlain, onEmoji }: { readonly isPlain: boolean; readonly onEmoji: (emoji: string) => void }) {
  const place = useSignal<Place | undefined>(undefined);
  return (
    <>
      {isPlain && (
        <IconButton
          icon="poll"
          label="Make a poll"
          onClick={() => {
            dialog.value = { kind: "poll" };
          }}
        />
      )}
      <IconButton
        icon="smile"
        label="Insert an emoji"
        onClick={(event) => {
          place.value = placeBelow(event.currentTarget);
        }}
      />
      {place.value && (
        <EmojiPicker
          place={place.value}
          onPick={onEmoji}
          onClose={() => {
            place.value = undefined;
          }}
        />
      )}
    </>
  );
}
