import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ConnectionId, RoomId } from "../../../../src/base/ids.ts";
import {
  emptyPresence,
  isIdle,
  type PresenceCommand,
  type PresenceEffect,
  type PresenceState,
  type PresenceStatus,
  presenceRow,
  stepPresence,
  visibleStatus,
} from "../../../../src/domain/user/presence.ts";

const PHONE = "phone" as ConnectionId;
const LAPTOP = "laptop" as ConnectionId;
const LOBBY = "lobby" as RoomId;
const GARDEN = "garden" as RoomId;

/** Runs steps one second apart and keeps what was to be done. */
class Person {
  readonly state: PresenceState = emptyPresence();
  nowMs = 1_000_000;

  do(command: PresenceCommand): readonly PresenceEffect[] {
    this.nowMs += 1_000;
    return stepPresence(this.state, command, this.nowMs);
  }

  open(connectionId: ConnectionId, ...rooms: RoomId[]): readonly PresenceEffect[] {
    const effects = [...this.do({ kind: "connection_opened", connectionId })];
    for (const room of rooms) effects.push(...this.do({ kind: "subscribed", connectionId, room }));
    return effects;
  }

  close(connectionId: ConnectionId): readonly PresenceEffect[] {
    return this.do({ kind: "connection_closed", connectionId, clean: true });
  }

  lose(connectionId: ConnectionId): readonly PresenceEffect[] {
    return this.do({ kind: "connection_closed", connectionId, clean: false });
  }

  set(status: PresenceStatus, customStatus?: string): readonly PresenceEffect[] {
    return this.do({ kind: "set_status", status, ...(customStatus !== undefined && { customStatus }) });
  }
}

/** `status room room`, or the effect's kind. */
function brief(effects: readonly PresenceEffect[]): string[] {
  return effects.map((effect) =>
    effect.kind === "announce" ? [effect.status, ...effect.rooms].join(" ") : effect.kind,
  );
}

describe("presence", () => {
  test("shows a person in the rooms that they subscribe, once, and nowhere else", () => {
    const person = new Person();
    expect(brief(person.open(PHONE))).toEqual([]);
    expect(brief(person.do({ kind: "subscribed", connectionId: PHONE, room: LOBBY }))).toEqual(["online lobby"]);
    expect(brief(person.open(LAPTOP, LOBBY, GARDEN))).toEqual(["online garden"]);
  });

  test("many devices are one person: only the last to leave is seen", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    person.open(LAPTOP, LOBBY);
    expect(brief(person.close(PHONE))).toEqual([]);
    expect(brief(person.close(LAPTOP))).toEqual(["offline lobby", "save"]);
    expect([visibleStatus(person.state), isIdle(person.state)]).toEqual(["offline", true]);
  });

  test("a connection closed on purpose is seen at once, with the time", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    const lastSeen = person.nowMs + 1_000;
    expect(person.close(PHONE)).toEqual([
      { kind: "announce", status: "offline", customStatus: undefined, lastSeen, rooms: [LOBBY] },
      { kind: "save", row: { status: "online", lastSeen } },
    ]);
  });

  test("a lost connection is seen after the grace period, with the time of the loss", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    expect(brief(person.lose(PHONE))).toEqual(["start_grace"]);
    const lostAt = person.nowMs;
    expect(visibleStatus(person.state)).toBe("online");
    expect(person.do({ kind: "grace_elapsed" })[0]).toMatchObject({
      status: "offline",
      rooms: [LOBBY],
      lastSeen: lostAt,
    });
    expect(brief(person.do({ kind: "grace_elapsed" }))).toEqual([]);
  });

  test("a reconnect within the grace period shows nothing to anybody", () => {
    const person = new Person();
    person.open(PHONE, LOBBY, GARDEN);
    person.lose(PHONE);
    expect(brief(person.open(LAPTOP, LOBBY))).toEqual([]);
    expect(brief(person.do({ kind: "subscribed", connectionId: LAPTOP, room: GARDEN }))).toEqual(["cancel_grace"]);
    expect(brief(person.do({ kind: "grace_elapsed" }))).toEqual([]);
    expect(visibleStatus(person.state)).toBe("online");
  });

  test("a reconnect that takes up only some rooms leaves the others after the grace period", () => {
    const person = new Person();
    person.open(PHONE, LOBBY, GARDEN);
    person.lose(PHONE);
    person.open(LAPTOP, LOBBY);
    expect(brief(person.do({ kind: "grace_elapsed" }))).toEqual(["offline garden"]);
    expect(visibleStatus(person.state)).toBe("online");
  });

  test("a lost device among others counts on only for its own rooms", () => {
    const person = new Person();
    person.open(PHONE, LOBBY, GARDEN);
    person.open(LAPTOP, LOBBY);
    person.lose(PHONE);
    expect(brief(person.close(LAPTOP))).toEqual(["offline lobby"]);
    expect(brief(person.do({ kind: "grace_elapsed" }))).toEqual(["offline garden", "save"]);
  });

  test("leaving a room with the last device that had it is seen there only", () => {
    const person = new Person();
    person.open(PHONE, LOBBY, GARDEN);
    person.open(LAPTOP, LOBBY);
    expect(brief(person.do({ kind: "unsubscribed", connectionId: PHONE, room: LOBBY }))).toEqual([]);
    expect(brief(person.do({ kind: "unsubscribed", connectionId: LAPTOP, room: LOBBY }))).toEqual(["offline lobby"]);
    expect(brief(person.do({ kind: "unsubscribed", connectionId: LAPTOP, room: LOBBY }))).toEqual([]);
    expect(brief(person.close(LAPTOP))).toEqual([]);
  });

  test("a chosen status is told to all rooms and kept; the same again is nothing new", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    expect(brief(person.set("busy", "in a meeting"))).toEqual(["busy lobby", "save"]);
    expect(brief(person.set("busy"))).toEqual([]);
    expect(presenceRow(person.state)).toMatchObject({ status: "busy", customStatus: "in a meeting" });
    expect(brief(person.set("busy", ""))).toEqual(["busy lobby", "save"]);
    expect(presenceRow(person.state).customStatus).toBeUndefined();
    person.close(PHONE);
    expect(brief(person.open(PHONE, LOBBY))).toEqual(["busy lobby"]);
  });

  test("chosen offline is invisible: shown as offline while connected, last seen at that moment", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    expect(brief(person.set("offline"))).toEqual(["offline lobby", "save"]);
    const vanishedAt = person.nowMs;
    expect(brief(person.do({ kind: "subscribed", connectionId: PHONE, room: GARDEN }))).toEqual([]);
    expect(person.close(PHONE)).toEqual([{ kind: "save", row: { status: "offline", lastSeen: vanishedAt } }]);
    person.open(PHONE, LOBBY, GARDEN);
    expect(visibleStatus(person.state)).toBe("offline");
    expect(brief(person.set("online"))).toEqual(["online lobby garden", "save"]);
  });

  test("chosen without a connection is saved and shown to nobody", () => {
    const person = new Person();
    expect(person.set("away")).toEqual([{ kind: "save", row: { status: "away", lastSeen: 0 } }]);
    expect(visibleStatus(person.state)).toBe("offline");
  });

  test("starts from the saved row", () => {
    const state = emptyPresence({ status: "busy", customStatus: "x", lastSeen: 5 });
    expect(presenceRow(state)).toEqual({ status: "busy", customStatus: "x", lastSeen: 5 });
    expect(visibleStatus(state)).toBe("offline");
  });

  test("does not stumble over connections it does not know", () => {
    const person = new Person();
    expect(brief(person.close(PHONE))).toEqual([]);
    expect(brief(person.do({ kind: "subscribed", connectionId: PHONE, room: LOBBY }))).toEqual([]);
  });

  test("whatever happens, each room was last told what is true, and never the same twice", () => {
    const connection = fc.constantFrom(PHONE, LAPTOP, "tablet" as ConnectionId);
    const room = fc.constantFrom(LOBBY, GARDEN, "attic" as RoomId);
    const command: fc.Arbitrary<PresenceCommand> = fc.oneof(
      fc.record({ kind: fc.constant("connection_opened" as const), connectionId: connection }),
      fc.record({ kind: fc.constant("connection_closed" as const), connectionId: connection, clean: fc.boolean() }),
      fc.record({ kind: fc.constant("subscribed" as const), connectionId: connection, room }),
      fc.record({ kind: fc.constant("unsubscribed" as const), connectionId: connection, room }),
      fc.record({
        kind: fc.constant("set_status" as const),
        status: fc.constantFrom<PresenceStatus>("online", "away", "busy", "offline"),
      }),
      fc.record({ kind: fc.constant("grace_elapsed" as const) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const person = new Person();
        const told = new Map<RoomId, PresenceStatus>();
        const alive = new Map<ConnectionId, Set<RoomId>>();
        let grace = false;
        for (const next of commands) {
          if (next.kind === "grace_elapsed" && !grace) continue;
          for (const effect of person.do(next)) {
            if (effect.kind === "start_grace") grace = true;
            if (effect.kind === "cancel_grace") grace = false;
            if (effect.kind !== "announce") continue;
            for (const name of effect.rooms) {
              expect(told.get(name) ?? "offline").not.toBe(effect.status);
              told.set(name, effect.status);
            }
          }
          if (next.kind === "grace_elapsed") grace = false;
          if (next.kind === "connection_opened" && !alive.has(next.connectionId))
            alive.set(next.connectionId, new Set());
          if (next.kind === "connection_closed") alive.delete(next.connectionId);
          if (next.kind === "subscribed") alive.get(next.connectionId)?.add(next.room);
          if (next.kind === "unsubscribed") alive.get(next.connectionId)?.delete(next.room);
          if (grace) continue;
          for (const name of [LOBBY, GARDEN, "attic" as RoomId]) {
            const isThere = [...alive.values()].some((rooms) => rooms.has(name));
            expect(told.get(name) ?? "offline").toBe(isThere ? person.state.chosen : "offline");
          }
        }
        expect(isIdle(person.state)).toBe(alive.size === 0 && !grace);
      }),
      { numRuns: 500 },
    );
  });
});
