/** What a person sees who starts a node: in development a room to talk in, a token and a line to try it with. */
import type { RoomId } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import { ownHost } from "../config/own-host.ts";
import { ROOM_TYPE_LIMITS } from "../domain/room/room-types.ts";
import type { RunningServer } from "../server.ts";
import { SYSTEM } from "./drain.ts";

const GENERAL = "general" as RoomId;
const TOKEN_SECONDS = 7 * 24 * 3600;

export async function welcome(config: Config, { port, auth, gateway }: RunningServer): Promise<void> {
  const host = ownHost(config.host, "localhost");
  const http = `http://${host}:${port}`;
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (config.environment === "production") {
    say(`Stoa is ready on ${http}`);
    return;
  }
  const settings = {
    type: "public" as const,
    name: "General",
    description: "A room to try things in.",
    maxMembers: ROOM_TYPE_LIMITS.public.membersDefault,
    allowInvites: true,
  };
  // Made once; at later starts it is there.
  await gateway.call(SYSTEM, {
    to: "room",
    room: GENERAL,
    kind: "mutate",
    command: { kind: "create_room", clientId: "general", settings, participants: [] },
  });
  const token = await auth.mintToken({ user: "usr_1", name: "One", ttlSeconds: TOKEN_SECONDS });
  say(`Stoa is ready on ${http}  (development: do not put this on the internet)

A token of the user usr_1, good for a week:
  ${token}

Talk with any WebSocket tool, for example:
  npx wscat -c "ws://${host}:${port}/chat?token=${token}"
and then type:
  {"type":"join_room","roomId":"general"}
  {"type":"send_message","roomId":"general","content":"Hello!"}

Page: ${http}/   API: ${http}/docs   Another token: npm run token -- --user usr_2 --name Two`);
}
