/** Behind the messages: what one has written and is not in the room yet, and who has seen the last message. */
import type { Failed, MessageView, Pending } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { attempt } from "./actions.ts";
import { writingIn } from "./composer-state.ts";
import { continues, type Followed } from "./followed.ts";
import { dayKey, names, plural } from "./format.ts";
import { isFewEmoji, renderText } from "./markdown.tsx";
import { Quote } from "./message-parts.tsx";
import { session } from "./session.ts";
import { focusComposer, setDraft } from "./ui-state.ts";

type OnTheWay = Pending | Failed;

function ofRoom(all: readonly OnTheWay[], roomId: string): readonly OnTheWay[] {
  return all.filter(({ frame }) => frame.type === "send_message" && frame.roomId === roomId);
}

export interface OutgoingProps {
  readonly roomId: string;
  /** The last message of the room, which one may be going on from. */
  readonly before: MessageView | undefined;
}

export function Outgoing({ roomId, before }: OutgoingProps) {
  const { failed, pending } = session();
  const shown = [...ofRoom(failed.value, roomId), ...ofRoom(pending.value, roomId)];
  let last: Followed | undefined = before;
  return (
    <>
      {shown.map((one) => {
        const isNext = isGoingOn(last, one);
        last = asMessage(one);
        return <OutgoingRow key={one.clientId} one={one} isNext={isNext} />;
      })}
    </>
  );
}

/** As it will be in the room: nothing moves when it is there. */
function asMessage({ frame, at }: OnTheWay): Followed {
  const replyTo = frame.type === "send_message" ? frame.replyTo : undefined;
  const authorId = session().account.userId;
  return { authorId, messageType: "text", timestamp: at, ...(replyTo !== undefined && { replyTo }) };
}

function isGoingOn(before: Followed | undefined, one: OnTheWay): boolean {
  const message = asMessage(one);
  return before !== undefined && dayKey(before.timestamp) === dayKey(one.at) && continues(before, message);
}

function OutgoingRow({ one, isNext }: { readonly one: OnTheWay; readonly isNext: boolean }) {
  const { account, client } = session();
  const name = session().nameOf(account.userId);
  const { frame } = one;
  if (frame.type !== "send_message") return null;
  const { roomId, content, replyTo } = frame;
  const files = frame.attachments?.length ?? 0;
  const context = { self: account.userId, nameOf: (userId: string) => session().nameOf(userId), mentions: [] };
  const error = "error" in one ? one.error : undefined;
  return (
    <article
      class={`message ${error ? "is-failed" : "is-pending"}${isNext ? " is-next" : ""}`}
      aria-label={error ? "Not sent" : "Being sent"}
    >
      <div class="message-side">
        {!isNext && <Avatar id={account.userId} name={name} src={session().me.value.avatar} size={36} />}
      </div>
      <div class="message-main">
        {!isNext && (
          <header class="message-head">
            <strong>{name}</strong>
            <span class="faint">{error ? "not sent" : "sending …"}</span>
          </header>
        )}
        {replyTo !== undefined && <Quote roomId={roomId} messageId={replyTo} />}
        <div class={isFewEmoji(content) ? "message-text is-large" : "message-text"} dir="auto">
          {renderText(content, context)}
        </div>
        {files > 0 && <p class="message-note">{plural(files, "file")}</p>}
        {error && (
          <p class="message-note is-bad">
            <Icon name="warn" size={14} />
            <span class="grow">{error.message}</span>
            <Button small onClick={() => void attempt(client.retry(one.clientId))}>
              Try again
            </Button>
            <Button
              small
              kind="quiet"
              onClick={() => {
                client.discard(one.clientId);
                writeAgain(roomId, content, replyTo);
              }}
            >
              Edit
            </Button>
            <Button small kind="quiet" onClick={() => client.discard(one.clientId)}>
              Discard
            </Button>
          </p>
        )}
      </div>
    </article>
  );
}

/** It is a draft once more; what it answers is kept where it is shown. */
function writeAgain(roomId: string, content: string, replyTo: string | undefined): void {
  writingIn(roomId, roomId).putBack(content);
  const answered = session()
    .window(roomId)
    .messages.peek()
    .find(({ messageId }) => messageId === replyTo);
  if (answered !== undefined) setDraft(roomId, { mode: "reply", message: answered });
  focusComposer();
}

const FACES_MAX = 4;

export function SeenLine({ roomId, last }: { readonly roomId: string; readonly last: MessageView | undefined }) {
  // Read, so that the line is drawn again when somebody reads on.
  const { readers, seen } = session().state(roomId).value;
  if (last === undefined || last.authorId !== session().account.userId) return null;
  const { count, users, members } = session().client.seenBy(roomId, last.seq);
  if (count === 0 || readers.length + seen.length === 0) return <p class="seen">Sent</p>;
  const who = users.map(({ userId, name }) => name ?? userId);
  const text =
    members === undefined ? `Seen by ${plural(count, "person", "people")}` : `Seen by ${count} of ${members}`;
  return (
    <p class="seen" title={names(who)}>
      {users.slice(0, FACES_MAX).map(({ userId, name }) => (
        <Avatar key={userId} id={userId} name={name ?? userId} size={16} />
      ))}
      <span>{who.length === 1 ? `Seen by ${who[0]}` : text}</span>
    </p>
  );
}
