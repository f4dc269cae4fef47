/** Behind the messages: what one has written and is not in the room yet, and who has seen the last message. */
import type { Failed, MessageView, Pending } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { attempt } from "./actions.ts";
import { names, plural } from "./format.ts";
import { renderText } from "./markdown.tsx";
import { session } from "./session.ts";

type OnTheWay = Pending | Failed;

function ofRoom(all: readonly OnTheWay[], roomId: string): readonly OnTheWay[] {
  return all.filter(({ frame }) => frame.type === "send_message" && frame.roomId === roomId);
}

export function Outgoing({ roomId }: { readonly roomId: string }) {
  const { failed, pending } = session();
  const shown = [...ofRoom(failed.value, roomId), ...ofRoom(pending.value, roomId)];
  return (
    <>
      {shown.map((one) => (
        <OutgoingRow key={one.clientId} one={one} />
      ))}
    </>
  );
}

function OutgoingRow({ one }: { readonly one: OnTheWay }) {
  const { account, client } = session();
  const name = session().nameOf(account.userId);
  const { frame } = one;
  const content = frame.type === "send_message" ? frame.content : "";
  const context = { self: account.userId, nameOf: (userId: string) => session().nameOf(userId), mentions: [] };
  const error = "error" in one ? one.error : undefined;
  return (
    <article class={error ? "message is-failed" : "message is-pending"} aria-label={error ? "Not sent" : "Being sent"}>
      <div class="message-side">
        <Avatar id={account.userId} name={name} src={session().me.value.avatar} size={36} />
      </div>
      <div class="message-main">
        <header class="message-head">
          <strong>{name}</strong>
          <span class="faint">{error ? "not sent" : "sending …"}</span>
        </header>
        <div class="message-text">{renderText(content, context)}</div>
        {error && (
          <p class="message-note is-bad">
            <Icon name="warn" size={14} />
            <span class="grow">{error.message}</span>
            <Button small onClick={() => void attempt(client.retry(one.clientId))}>
              Try again
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
