/** A message in a list elsewhere than in its room: a press leads to it. */
import type { ComponentChildren } from "preact";
import { Avatar } from "../ui/avatar.tsx";
import { showMessage } from "./actions.ts";
import { brief } from "./format.ts";
import { plainText } from "./markdown.tsx";
import { session } from "./session.ts";
import type { MessageJson } from "./types.ts";

export interface ExcerptProps {
  readonly message: MessageJson;
  /** Instead of the beginning of its text. */
  readonly children?: ComponentChildren;
  /** Named where not all are of one room. */
  readonly withRoom?: boolean;
}

export function Excerpt({ message, children, withRoom = false }: ExcerptProps) {
  return (
    <button type="button" data-item class="excerpt" onClick={() => void showMessage(message.roomId, message.messageId)}>
      <ExcerptBody message={message} withRoom={withRoom}>
        <span class="excerpt-text" dir="auto">
          {children ?? (plainText(message.content) || "A file or poll")}
        </span>
      </ExcerptBody>
    </button>
  );
}

/** Who, where and when, with what is said about it below. */
export function ExcerptBody({ message, children, withRoom = false }: ExcerptProps) {
  const author = message.authorName ?? session().nameOf(message.authorId);
  const room = session().room(message.roomId);
  return (
    <>
      <Avatar id={message.authorId} name={author} src={message.authorAvatar ?? undefined} size={26} />
      <span class="grow">
        <span class="excerpt-head">
          <strong class="cut">{author}</strong>
          {withRoom && room && <span class="faint cut">{session().titleOf(room)}</span>}
          <time class="faint">{brief(Date.parse(message.timestamp))}</time>
        </span>
        {children}
      </span>
    </>
  );
}
