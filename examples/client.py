"""A MessagePack client in Python: joins a room, says something, prints what it hears until it has heard itself.

    apt-get install python3-msgpack python3-websockets        # Debian, or: pip install msgpack websockets
    export CHAT_TOKEN=$(npm run --silent token -- --user py --name "Python")
    python3 examples/client.py general "Hello from Python"

Frames are arrays: operation, ref, room, and then the operation's fields in the order of docs/PROTOCOL.md.
"""

import asyncio
import os
import sys

import msgpack
import websockets

JOIN_ROOM, SEND_MESSAGE = 10, 20
CONNECTION, ACK, ERROR, EVENTS = 64, 65, 66, 70
NEW_MESSAGE = 1


async def main(room: str, text: str) -> None:
    url = os.environ.get("CHAT_URL", "ws://localhost:8080/chat")
    headers = {"Authorization": "Bearer " + os.environ["CHAT_TOKEN"]}
    async with websockets.connect(url, subprotocols=["stoa.v1.msgpack"], extra_headers=headers) as socket:

        async def send(*frame: object) -> None:
            await socket.send(msgpack.packb(list(frame)))

        heard = kept = False
        async for data in socket:
            operation, ref, _room, *fields = msgpack.unpackb(data)
            if operation == CONNECTION:
                print(f"connected as {fields[2]}")
                await send(JOIN_ROOM, 1, room)
            elif operation == ACK and ref == 1:
                # clientId and knownSeq make a retry safe; here there is none.
                await send(SEND_MESSAGE, 2, room, None, None, text)
            elif operation == ACK and ref == 2:
                print(f"kept as {fields[0]}")
                kept = True
            elif operation == ERROR:
                sys.exit(f"{fields[0]}: {fields[1]}")
            elif operation == EVENTS:
                _after, _head, events = fields
                for kind, _seq, _timestamp, *values in events:
                    if kind != NEW_MESSAGE:
                        continue
                    _id, _number, author, content, *_rest = values[0]
                    print(f"{author}: {content}")
                    heard = heard or content == text
            if heard and kept:
                return


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: client.py ROOM TEXT")
    asyncio.run(main(sys.argv[1], sys.argv[2]))
