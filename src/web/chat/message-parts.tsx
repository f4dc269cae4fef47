/** What a message has beside its text: what it answers, files, reactions, a poll, its thread. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Attachment, MessageView } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { attempt, react, showMessage } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { type FileLink, linkOf } from "./files.ts";
import { brief, names, plural, size } from "./format.ts";
import { plainText } from "./markdown.tsx";
import { session } from "./session.ts";
import type { MessageJson } from "./types.ts";
import { dialog, panel } from "./ui-state.ts";

const QUOTES_MAX = 400;

interface Quoted {
  readonly authorId: string;
  readonly authorName?: string | undefined;
  readonly content: string;
  readonly isDeleted: boolean;
}

/** By room and message: messages are numbered in each room. */
const quotes = new Map<string, Promise<Quoted>>();

/** Out of the window when it is there, else asked for once. */
function quoteOf(roomId: string, messageId: string): Promise<Quoted> {
  const shown = session()
    .window(roomId)
    .messages.peek()
    .find((message) => message.messageId === messageId);
  if (shown !== undefined) return Promise.resolve({ ...shown, isDeleted: shown.deletedAt !== undefined });
  const key = `${roomId}/${messageId}`;
  const known = quotes.get(key);
  if (known !== undefined) return known;
  const path = roomPath(roomId, `/messages/${encodeURIComponent(messageId)}`);
  const asked = session()
    .client.rest<MessageJson>("GET", path)
    .then(({ authorName, ...message }) => ({ ...message, authorName: authorName ?? undefined }));
  quotes.set(key, asked);
  asked.catch(() => quotes.delete(key));
  const [oldest] = quotes.keys();
  if (quotes.size > QUOTES_MAX && oldest !== undefined) quotes.delete(oldest);
  return asked;
}

export function Quote({ roomId, messageId }: { readonly roomId: string; readonly messageId: string }) {
  const quoted = useSignal<Quoted | undefined>(undefined);
  useEffect(() => {
    quoteOf(roomId, messageId).then(
      (found) => {
        quoted.value = found;
      },
      () => {
        quoted.value = { authorId: "", content: "", isDeleted: true };
      },
    );
  }, [roomId, messageId]);
  const found = quoted.value;
  const text = found?.isDeleted ? "This message is gone." : plainText(found?.content ?? "") || "A file or poll";
  return (
    <button type="button" class="quote" onClick={() => void showMessage(roomId, messageId)}>
      <Icon name="reply" size={14} />
      {found && !found.isDeleted && <strong>{found.authorName ?? session().nameOf(found.authorId)}</strong>}
      <span class="cut">{found === undefined ? "…" : text}</span>
    </button>
  );
}

// ------------------------------------------------------------------------------------------------ files

export function Files({ roomId, files }: { readonly roomId: string; readonly files: readonly Attachment[] }) {
  return (
    <div class="files">
      {files.map((file) =>
        file.mimeType.startsWith("image/") ? (
          <Picture key={file.id} roomId={roomId} file={file} />
        ) : (
          <FileCard key={file.id} roomId={roomId} file={file} />
        ),
      )}
    </div>
  );
}

interface FileProps {
  readonly roomId: string;
  readonly file: Attachment;
}

function Picture({ roomId, file }: FileProps) {
  const link = useSignal<FileLink | undefined>(undefined);
  const isBad = useSignal(false);
  const bad = (): void => {
    isBad.value = true;
  };
  useEffect(() => {
    void linkOf(roomId, file.id).then((found) => {
      link.value = found;
    }, bad);
  }, [roomId, file.id]);
  const { value } = link;
  // Its card says what it is, and a press on it why it does not come.
  if (isBad.value) return <FileCard roomId={roomId} file={file} />;
  return (
    <button
      type="button"
      class="picture"
      aria-label={`Picture ${file.fileName}, ${size(file.fileSize)}: show it large`}
      onClick={() => {
        if (value !== undefined) dialog.value = { kind: "picture", url: value.url, name: file.fileName };
      }}
    >
      {value === undefined ? (
        <span class="skeleton" />
      ) : (
        <img src={value.thumbnailUrl ?? value.url} alt={file.fileName} loading="lazy" onError={bad} />
      )}
    </button>
  );
}

function FileCard({ roomId, file }: FileProps) {
  const fetchFile = async (): Promise<void> => {
    const link = await attempt(linkOf(roomId, file.id));
    if (link === undefined) return;
    const anchor = document.createElement("a");
    anchor.href = link.url;
    anchor.download = file.fileName;
    anchor.click();
  };
  return (
    <button type="button" class="file" onClick={() => void fetchFile()}>
      <span class="file-icon">
        <Icon name="file" size={20} />
      </span>
      <span class="grow">
        <strong class="cut">{file.fileName}</strong>
        <small class="faint">{size(file.fileSize)}</small>
      </span>
      <Icon name="download" size={16} />
    </button>
  );
}

// ------------------------------------------------------------------------------------------------ reactions

export function Reactions({ message }: { readonly message: MessageView }) {
  const shown = Object.entries(message.reactions ?? {}).filter(([, { count }]) => count > 0);
  if (shown.length === 0) return null;
  return (
    <div class="reactions">
      {shown.map(([emoji, { count, users, mine }]) => {
        const who = names(users.map((userId) => session().nameOf(userId)));
        const isMine = mine === true || users.some((userId) => userId === session().account.userId);
        return (
          <button
            key={emoji}
            type="button"
            class="reaction"
            aria-pressed={isMine}
            aria-label={`${emoji}, ${plural(count, "person", "people")}${who === "" ? "" : `: ${who}`}`}
            title={who}
            onClick={() =>
              react(
                isMine && !mine ? { ...message, reactions: { [emoji]: { count, users, mine: true } } } : message,
                emoji,
              )
            }
          >
            <span>{emoji}</span>
            <span class="reaction-count">{count}</span>
          </button>
        );
      })}
    </div>
  );
}

// ------------------------------------------------------------------------------------------------ polls

export function Poll({ message }: { readonly message: MessageView }) {
  const { poll, roomId, messageId } = message;
  const chosen = useSignal<readonly number[] | undefined>(undefined);
  if (poll === undefined) return null;
  const mine = chosen.value ?? poll.mine ?? [];
  const vote = (option: number): void => {
    const others = mine.filter((one) => one !== option);
    const next = mine.includes(option) ? others : poll.choicesMax === 1 ? [option] : [...others, option];
    const before = mine;
    chosen.value = next;
    session()
      .client.request({ type: "vote_poll", roomId, messageId, choices: next })
      .catch((error: Error) => {
        chosen.value = before;
        void attempt(Promise.reject(error));
      });
  };
  const isMine = message.authorId === session().account.userId;
  const about = [
    plural(poll.voters, "vote"),
    poll.choicesMax > 1 ? `up to ${poll.choicesMax} choices` : "one choice",
    ...(poll.isAnonymous ? ["anonymous"] : []),
    ...(poll.isClosed ? ["closed"] : poll.closesAt === undefined ? [] : [`until ${brief(poll.closesAt)}`]),
  ];
  return (
    <fieldset class="poll">
      <legend>{poll.question}</legend>
      {poll.options.map((option, at) => {
        const part = poll.voters === 0 ? 0 : Math.round((100 * option.votes) / poll.voters);
        const isChosen = mine.includes(at);
        return (
          <button
            key={option.text}
            type="button"
            class="poll-option"
            aria-pressed={isChosen}
            disabled={poll.isClosed}
            onClick={() => vote(at)}
          >
            <span class="poll-bar" style={{ width: `${part}%` }} />
            <span class="poll-mark">{isChosen && <Icon name="check" size={14} />}</span>
            <span class="grow">{option.text}</span>
            <span class="poll-count">{part} %</span>
          </button>
        );
      })}
      <p class="poll-about">
        <span class="grow">{about.join(" · ")}</span>
        {isMine && !poll.isClosed && (
          <Button
            small
            kind="quiet"
            onClick={() => void attempt(session().client.request({ type: "close_poll", roomId, messageId }))}
          >
            Close poll
          </Button>
        )}
      </p>
    </fieldset>
  );
}

// ------------------------------------------------------------------------------------------------ threads

export function ThreadChip({ message }: { readonly message: MessageView }) {
  const { thread } = message;
  if (thread === undefined || thread.replyCount === 0) return null;
  return (
    <button
      type="button"
      class="thread-chip"
      onClick={() => {
        panel.value = { kind: "thread", rootId: message.messageId };
      }}
    >
      {thread.participants.slice(0, 3).map((userId) => (
        <Avatar key={userId} id={userId} name={session().nameOf(userId)} size={20} />
      ))}
      <strong>{plural(thread.replyCount, "reply", "replies")}</strong>
      <span class="faint">last {brief(thread.lastReplyAt)}</span>
    </button>
  );
}
