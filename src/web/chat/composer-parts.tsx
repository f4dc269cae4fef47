/** What is around the field where one writes: what it is about, files, buttons. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { MessageView } from "../../client/stoa-chat.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { type Place, placeBelow } from "../ui/popover.tsx";
import type { Writing } from "./composer-state.ts";
import { EmojiPicker } from "./emoji.tsx";
import { moment, size } from "./format.ts";
import { plainText } from "./markdown.tsx";
import { session } from "./session.ts";
import { dialog } from "./ui-state.ts";

interface AboutProps {
  readonly draft: { readonly mode: "reply" | "edit"; readonly message: MessageView };
  readonly onCancel: () => void;
}

export function About({ draft: { mode, message }, onCancel }: AboutProps) {
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

/** Timers do not reach further. */
const TIMER_MS_MAX = 2_147_483_647;

/** One goes on writing: the draft is there when it ends. */
export function MutedNote({ roomId }: { readonly roomId: string }) {
  const mute = session().state(roomId).value.muted;
  const isOver = useSignal(false);
  useEffect(() => {
    isOver.value = false;
    if (mute?.until === undefined) return;
    const end = (): void => {
      isOver.value = true;
    };
    const timer = setTimeout(end, Math.min(TIMER_MS_MAX, Math.max(0, mute.until - Date.now())));
    return () => clearTimeout(timer);
  }, [mute]);
  if (mute === undefined || isOver.value) return null;
  return (
    <p class="composer-about is-warn" role="status">
      <Icon name="mute" size={15} />
      {mute.until === undefined
        ? "You are muted in this room until somebody lifts it."
        : `You are muted in this room until ${moment(mute.until)}.`}
    </p>
  );
}

export function Uploads({ writing }: { readonly writing: Writing }) {
  const files = writing.files.value;
  if (files.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Files">
      {files.map(({ id, file, picture, progress, done, error }) => (
        <li key={id} class={error ? "upload is-bad" : "upload"}>
          {picture !== undefined && !error ? (
            <img class="upload-picture" src={picture} alt="" />
          ) : (
            <Icon name={done ? "check" : error ? "warn" : "file"} size={16} />
          )}
          <span class="grow">
            <strong class="cut">{file.name}</strong>
            <small class={error ? "" : "faint"}>{error ?? size(file.size)}</small>
            {!done && !error && <progress value={progress} max={1} aria-label={`${file.name}: how much is sent`} />}
          </span>
          {error !== undefined && file.size > 0 && (
            <Button small kind="quiet" onClick={() => writing.again(id)}>
              Again
            </Button>
          )}
          <IconButton icon="close" small label={`Remove ${file.name}`} onClick={() => writing.drop(id)} />
        </li>
      ))}
    </ul>
  );
}

export function Attach({ writing, isHidden }: { readonly writing: Writing; readonly isHidden: boolean }) {
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

export function Extras({ isPlain, onEmoji }: { readonly isPlain: boolean; readonly onEmoji: (emoji: string) => void }) {
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
