/** A chat as a React component: everything that a room needs, in one screen of code. */
/** @jsxImportSource react */
import { type FormEvent, useState } from "react";
import {
  ChatProvider,
  useConnection,
  useMarkRead,
  useMessages,
  usePresence,
  useRoom,
  useRooms,
  useTyping,
} from "stoa-chat/react";
import type { StoaClient } from "stoa-chat";

export function Chat({ client, start }: { readonly client: StoaClient; readonly start: string }) {
  return (
    <ChatProvider client={client}>
      <Rooms start={start} />
    </ChatProvider>
  );
}

function Rooms({ start }: { readonly start: string }) {
  const { state } = useConnection();
  const { rooms } = useRooms();
  const [roomId, setRoomId] = useState(start);
  return (
    <main>
      <p id="status">{state}</p>
      <nav>
        {rooms.map((room) => (
          <button key={room.roomId} type="button" onClick={() => setRoomId(room.roomId)}>
            {room.name} {room.unread > 0 && <b>{room.unread}</b>}
          </button>
        ))}
      </nav>
      <Room key={roomId} roomId={roomId} />
    </main>
  );
}

function Room({ roomId }: { readonly roomId: string }) {
  const { error } = useRoom(roomId);
  const { messages, hasOlder, loadOlder, send } = useMessages(roomId);
  const { typing, type } = useTyping(roomId);
  const { present } = usePresence(roomId);
  const [text, setText] = useState("");
  useMarkRead(roomId);
  if (error !== undefined) return <p id="error">{error.message}</p>;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(text);
    setText("");
  };
  return (
    <section>
      <p id="present">{present.map(({ name, userId }) => name ?? userId).join(", ")}</p>
      {hasOlder && (
        <button id="older" type="button" onClick={loadOlder}>
          Older
        </button>
      )}
      <ul id="messages">
        {messages.map(({ messageId, clientId, authorName, authorId, content, state }) => (
          <li key={clientId ?? messageId} className={state}>
            {authorName ?? authorId}: {content}
          </li>
        ))}
      </ul>
      <p id="typing">{typing.map(({ name, userId }) => name ?? userId).join(", ")}</p>
      <form onSubmit={submit}>
        <input
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            type();
          }}
        />
        <button type="submit">Send</button>
      </form>
    </section>
  );
}
