/** One message as a row: who, when, what, and what can be done with it. */
import { useSignal } from "@preact/signals";
import type { MessageView } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { memo } from "../ui/memo.tsx";
import { Menu, type MenuItem } from "../ui/menu.tsx";
import { type Place, placeBelow } from "../ui/popover.tsx";
import { copy, copyLink, markUnread, pin, react, remove, stopAnswer } from "./actions.ts";
import { EmojiPicker, QUICK } from "./emoji.tsx";
import { fullTime, shortTime, time } from "./format.ts";
import { isFewEmoji, renderText } from "./markdown.tsx";
import { Files, Poll, Quote, Reactions, ThreadChip } from "./message-parts.tsx";
import { mayModerate, mayPin } from "./roles.ts";
import { session } from "./session.ts";
import { dialog, focusComposer, panel, setDraft } from "./ui-state.ts";

export interface RowProps {
  readonly message: MessageView;
  /** Continues what the same person said just before. */
  readonly isNext: boolean;
  readonly isMarked: boolean;
  /** Under the pointer, or where the keyboard is. */
  readonly isActive: boolean;
  readonly inThread?: boolean;
}

export const MessageRow = memo(function MessageRow({
  message,
  isNext,
  isMarked,
  isActive,
  inThread = false,
}: RowProps) {
  const { account } = session();
  const author = message.authorName ?? session().nameOf(message.authorId);
  const isMeant =
    message.mentionsRoom === true || message.mentions?.some((userId) => userId === account.userId) === true;
  const classes = [
    "message",
    isNext && "is-next",
    isMarked && "is-marked",
    isMeant && "is-meant",
    message.messageType === "system" && "is-system",
  ];
  return (
    <article
      class={classes.filter(Boolean).join(" ")}
      data-key={message.messageId}
      data-item
      tabIndex={-1}
      aria-label={`${author}, ${time(message.timestamp)}`}
    >
      <div class="message-side">
        {isNext ? (
          <time class="message-time-side" title={fullTime(message.timestamp)}>
            {shortTime(message.timestamp)}
          </time>
        ) : (
          <Face message={message} author={author} />
        )}
      </div>
      <div class="message-main">
        {!isNext && <Head message={message} author={author} />}
        {message.replyTo && !inThread && <Quote roomId={message.roomId} messageId={message.replyTo} />}
        <Body message={message} />
        {message.attachments && message.attachments.length > 0 && (
          <Files roomId={message.roomId} files={message.attachments} />
        )}
        <Poll message={message} />
        <Reactions message={message} />
        {!inThread && <ThreadChip message={message} />}
      </div>
      {isActive && message.deletedAt === undefined && <Tools message={message} inThread={inThread} />}
    </article>
  );
});

function Face({ message, author }: { readonly message: MessageView; readonly author: string }) {
  if (message.messageType !== "ai_response") {
    return <Avatar id={message.authorId} name={author} src={message.authorAvatar} size={36} />;
  }
  return (
    <span class="avatar is-assistant" aria-hidden="true">
      <Icon name="spark" size={20} />
    </span>
  );
}

function Head({ message, author }: { readonly message: MessageView; readonly author: string }) {
  return (
    <header class="message-head">
      <strong>{author}</strong>
      {message.messageType === "ai_response" && <span class="tag is-accent">Assistant</span>}
      {message.isAnonymous && <span class="tag">Anonymous</span>}
      <time title={fullTime(message.timestamp)}>{time(message.timestamp)}</time>
    </header>
  );
}

function Body({ message }: { readonly message: MessageView }) {
  const { content, deletedAt, editedAt, answer } = message;
  if (deletedAt !== undefined) return <p class="message-gone">This message was deleted.</p>;
  const context = {
    self: session().account.userId,
    nameOf: (userId: string) => session().nameOf(userId),
    mentions: message.mentions ?? [],
  };
  const isGrowing = answer?.state === "streaming";
  return (
    <>
      {(isGrowing || (content !== "" && content !== message.poll?.question)) && (
        <div
          class={`message-text${isGrowing ? " is-growing" : ""}${isFewEmoji(content) ? " is-large" : ""}`}
          dir="auto"
        >
          {content === "" ? <p class="faint">Thinking …</p> : renderText(content, context)}
          {editedAt !== undefined && (
            <span class="message-edited" title={fullTime(editedAt)}>
              (edited)
            </span>
          )}
        </div>
      )}
      {answer && <AnswerState message={message} />}
    </>
  );
}

function AnswerState({ message }: { readonly message: MessageView }) {
  const { answer } = message;
  if (answer?.state === "streaming") {
    return (
      <Button small icon="stop" onClick={() => stopAnswer(message)}>
        Stop
      </Button>
    );
  }
  if (answer?.state === "cancelled") return <p class="message-note">Stopped.</p>;
  if (answer?.state === "failed") {
    return (
      <p class="message-note is-bad">
        <Icon name="warn" size={14} /> No answer came{answer.reason ? `: ${answer.reason}` : "."}
      </p>
    );
  }
  return null;
}

// ------------------------------------------------------------------------------------------------ what can be done

export function startReply(message: MessageView): void {
  setDraft(message.roomId, { mode: "reply", message });
  focusComposer();
}

/** `thread`: in the panel of this one. */
export function startEdit(message: MessageView, thread?: string): void {
  setDraft(thread === undefined ? message.roomId : `${message.roomId}/${thread}`, { mode: "edit", message });
  if (thread === undefined) focusComposer();
}

export function openThread(message: MessageView): void {
  panel.value = { kind: "thread", rootId: message.threadId ?? message.messageId };
}

export function isEditable(message: MessageView): boolean {
  return (
    message.authorId === session().account.userId &&
    message.deletedAt === undefined &&
    message.poll === undefined &&
    message.answer === undefined
  );
}

function Tools({ message, inThread }: { readonly message: MessageView; readonly inThread: boolean }) {
  const menu = useSignal<Place | undefined>(undefined);
  const picker = useSignal<Place | undefined>(undefined);
  return (
    <div class="tools" role="toolbar" aria-label="What to do with this message">
      {QUICK.map(([emoji, name]) => (
        <button
          key={emoji}
          type="button"
          class="emoji is-small"
          aria-label={`React: ${name}`}
          title={name}
          onClick={() => react(message, emoji)}
        >
          {emoji}
        </button>
      ))}
      <IconButton
        icon="smile"
        label="React"
        small
        onClick={(event) => {
          picker.value = placeBelow(event.currentTarget);
        }}
      />
      {!inThread && <IconButton icon="reply" label="Reply" small onClick={() => startReply(message)} />}
      {!inThread && <IconButton icon="thread" label="Reply in a thread" small onClick={() => openThread(message)} />}
      <IconButton
        icon="more"
        label="More"
        small
        aria-haspopup="menu"
        onClick={(event) => {
          menu.value = placeBelow(event.currentTarget);
        }}
      />
      {picker.value && (
        <EmojiPicker
          place={picker.value}
          onPick={(emoji) => react(message, emoji)}
          onClose={() => {
            picker.value = undefined;
          }}
        />
      )}
      {menu.value && (
        <Menu
          label="Message"
          items={itemsFor(message, inThread)}
          place={menu.value}
          onClose={() => {
            menu.value = undefined;
          }}
        />
      )}
    </div>
  );
}

export function itemsFor(message: MessageView, inThread: boolean): readonly MenuItem[] {
  const { roomId, messageId, authorId } = message;
  const isMine = authorId === session().account.userId;
  const isModerator = mayModerate(roomId);
  const items: (MenuItem | false)[] = [
    isEditable(message) && {
      label: "Edit",
      icon: "edit",
      run: () => startEdit(message, inThread ? (message.threadId ?? messageId) : undefined),
    },
    message.content !== "" && { label: "Copy text", icon: "copy", run: () => copy(message.content) },
    { label: "Copy link", icon: "copy", run: () => copyLink(message) },
    mayPin(roomId) && { label: "Pin", icon: "pin", run: () => pin(message) },
    !isMine && !inThread && { label: "Mark as unread from here", icon: "bell", run: () => markUnread(message) },
    !isMine && {
      label: "Report",
      icon: "flag",
      line: true,
      run: () => {
        dialog.value = { kind: "report", messageId, name: message.authorName ?? session().nameOf(authorId) };
      },
    },
    (isMine || isModerator) && {
      label: "Delete",
      icon: "trash",
      danger: true,
      line: isMine,
      run: () => remove(message),
    },
  ];
  return items.filter((item) => item !== false);
}
