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

  set(status: PresenceStatus, customStatus?: string, until?: number): readonly PresenceEffect[] {
    const custom = { ...(customStatus !== undefined && { customStatus }), ...(until !== undefined && { until }) };
    return this.do({ kind: "set_status", status, ...custom });
  }

  use(connectionId: ConnectionId, inUse: boolean): readonly PresenceEffect[] {
    return this.do({ kind: "device_used", connectionId, inUse });
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
      {
        kind: "announce",
        status: "offline",
        customStatus: undefined,
        customStatusUntil: undefined,
        lastSeen,
        rooms: [LOBBY],
      },
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

  test("is away while the device used last is not in use, and online as soon as any device is used", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    person.open(LAPTOP, LOBBY);
    expect(brief(person.use(PHONE, false))).toEqual([]);
    expect(brief(person.use(LAPTOP, false))).toEqual(["away lobby"]);
    expect(visibleStatus(person.state)).toBe("away");
    expect(brief(person.use(LAPTOP, false))).toEqual([]);
    expect(brief(person.use(PHONE, true))).toEqual(["online lobby"]);
    expect(brief(person.use(LAPTOP, false))).toEqual([]);
    expect(brief(person.close(PHONE))).toEqual(["away lobby"]);
    expect(brief(person.open(PHONE))).toEqual(["online lobby"]);
  });

  test("a device that is not in use counts for whoever chose to be online only", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    person.set("busy");
    expect(brief(person.use(PHONE, false))).toEqual([]);
    expect(visibleStatus(person.state)).toBe("busy");
    expect(brief(person.set("online"))).toEqual(["away lobby", "save"]);
    expect(brief(person.use(PHONE, true))).toEqual(["online lobby"]);
  });

  test("an unused device that is lost and comes back shows nothing", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    person.use(PHONE, false);
    expect(brief(person.lose(PHONE))).toEqual(["start_grace"]);
    expect(visibleStatus(person.state)).toBe("away");
    expect(brief(person.open(LAPTOP, LOBBY))).toEqual(["cancel_grace"]);
    expect(visibleStatus(person.state)).toBe("away");
  });

  test("a custom status with an end goes by itself, and not before", () => {
    const person = new Person();
    person.open(PHONE, LOBBY);
    const until = person.nowMs + 10_000;
    expect(brief(person.set("online", "lunch", until))).toEqual(["await_custom_status", "online lobby", "save"]);
    expect(presenceRow(person.state)).toMatchObject({ customStatus: "lunch", customStatusUntil: until });
    expect(person.do({ kind: "custom_status_due" })).toEqual([{ kind: "await_custom_status", until }]);
    person.nowMs = until;
    expect(brief(person.do({ kind: "custom_status_due" }))).toEqual(["online lobby", "save"]);
    expect(presenceRow(person.state)).toEqual({ status: "online", lastSeen: person.state.lastSeen });
    expect(brief(person.do({ kind: "custom_status_due" }))).toEqual([]);
  });

  test("another custom status has an end of its own, and a status alone leaves it as it is", () => {
    const person = new Person();
    person.set("online", "lunch", person.nowMs + 60_000);
    expect(brief(person.set("away"))).toEqual(["save"]);
    expect(person.state.customStatusUntil).toBeDefined();
    expect(person.set("away", "tea")[0]).toEqual({ kind: "await_custom_status", until: undefined });
    expect(person.state.customStatusUntil).toBeUndefined();
    person.set("away", "sleep", person.nowMs + 60_000);
    expect(brief(person.set("away", ""))).toEqual(["await_custom_status", "save"]);
    expect(presenceRow(person.state)).toMatchObject({ status: "away" });
    expect(person.state.customStatusUntil).toBeUndefined();
  });

  test("a custom status that ended while nobody looked is not there any more", () => {
    const row = { status: "busy", customStatus: "x", customStatusUntil: 100, lastSeen: 5 } as const;
    expect(presenceRow(emptyPresence(row, 99))).toEqual(row);
    expect(presenceRow(emptyPresence(row, 100))).toEqual({ status: "busy", lastSeen: 5 });
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
      fc.record({ kind: fc.constant("device_used" as const), connectionId: connection, inUse: fc.boolean() }),
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
          const { chosen, isUnused } = person.state;
          const shown = chosen === "online" && isUnused ? "away" : chosen;
          for (const name of [LOBBY, GARDEN, "attic" as RoomId]) {
            const isThere = [...alive.values()].some((rooms) => rooms.has(name));
            expect(told.get(name) ?? "offline").toBe(isThere ? shown : "offline");
          }
        }
        expect(isIdle(person.state)).toBe(alive.size === 0 && !grace);
      }),
      { numRuns: 500 },
    );
  });
});
