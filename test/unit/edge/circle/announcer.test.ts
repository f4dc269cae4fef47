import { expect, test } from "bun:test";
import type { MessageId, RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { ANNOUNCED_PER_TURN_MAX } from "../../../../src/base/limits.ts";
import { Announcer } from "../../../../src/edge/circle/announcer.ts";
import { ANNOUNCEMENTS_ROOM } from "../../../../src/edge/rest/mutations.ts";
import type { NotificationFrame } from "../../../../src/protocol/frames.ts";
import { SmallNode } from "../../../support/small-node.ts";

const ACME = "acme" as TenantId;
const FRAME: NotificationFrame = {
  type: "notification",
  kind: "announcement",
  roomId: ANNOUNCEMENTS_ROOM,
  by: "root" as UserId,
  messageId: "m_1" as MessageId,
  content: "hello",
};

test("everybody of the tenant is told, some in each turn; who came after it or listens to the room is not", () => {
  const node = new SmallNode();
  const clients = Array.from({ length: ANNOUNCED_PER_TURN_MAX + 1 }, (_, i) => node.connect(`u${i}`));
  const listener = node.connect("listener");
  listener.create("room");
  const connections = (): Iterable<(typeof all)[number]> => node.gateway.connections.values();
  const all = [...node.gateway.connections.values()];
  const announcer = new Announcer({ clock: node.process, connections });
  const told = (): number => clients.filter((client) => client.of("notification").length > 0).length;
  announcer.tell("other" as TenantId, FRAME);
  node.run(10);
  expect(told()).toBe(0);
  announcer.tell(ACME, FRAME);
  expect(told()).toBe(ANNOUNCED_PER_TURN_MAX);
  const late = node.connect("late");
  node.run(10);
  expect(told()).toBe(ANNOUNCED_PER_TURN_MAX + 1);
  expect(clients[0]?.of("notification")).toEqual([{ ...FRAME }] as never);
  expect(late.of("notification")).toEqual([]);
  announcer.tell(ACME, { ...FRAME, roomId: "room" as RoomId });
  node.run(10);
  expect(listener.of("notification")).toHaveLength(1);
  // Whoever is being sent away, and whoever has had no first frame yet, hears nothing more.
  const [away, early] = [all[1], all[2]];
  if (away === undefined || early === undefined) throw new Error("nobody is there");
  away.dismissed = true;
  early.greeted = false;
  announcer.tell(ACME, FRAME);
  node.run(10);
  expect(clients.slice(0, 4).map((client) => client.of("notification").length)).toEqual([3, 2, 2, 3]);
});
