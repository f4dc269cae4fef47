import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { ItemKey } from "../../../../src/base/ids.ts";
import { ASSISTANT } from "../../../../src/domain/assistant/runs.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import { voteKey } from "../../../../src/domain/room/polls.ts";
import { pseudonymBanKey, pseudonymKey, pseudonymNameKey } from "../../../../src/domain/room/pseudonyms.ts";
import { emojiOf, reactionKey, tallyOf } from "../../../../src/domain/room/reactions.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/domain/room/snapshot.ts";
import { play } from "./play.ts";
import { commandOf, KEEPING, roomTypes, steps } from "./random-commands.ts";
import { digest, type RoomDriver, type Settled, user } from "./room-driver.ts";

const RUNS = 300;
/** Hundreds of conversations take their time on a busy machine. */
setDefaultTimeout(60_000);

/** Keys of every item that the room's events may have changed. */
function itemKeysOf({ log }: RoomDriver): readonly ItemKey[] {
  return log.flatMap((event): ItemKey[] => {
    if (event.kind === "reaction_changed") return [reactionKey(event.target, event.emoji, event.by)];
    if (event.kind === "poll_voted") return [voteKey(event.target, event.by)];
    if (event.kind === "pseudonym_changed") return [pseudonymBanKey(event.pseudonym)];
    if (event.kind !== "message_sent" || event.as === undefined) return [];
    return [pseudonymKey(event.by), pseudonymNameKey(event.as)];
  });
}

describe("any conversation", () => {
  test("keeps the room's counts true, and its log contiguous and never back in time", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const { driver } = play(type, script);
        const { state, log } = driver;
        expect(log.map((event) => event.seq)).toEqual(log.map((_, index) => index + 1));
        for (let i = 1; i < log.length; i += 1) {
          expect(log[i]?.timestamp ?? 0).toBeGreaterThanOrEqual(log[i - 1]?.timestamp ?? 0);
        }
        const members = [...driver.memberRows.values()];
        expect(state.memberCount).toBe(members.length);
        expect(driver.card?.memberCount).toBe(members.length);
        expect(state.ownerCount).toBe(members.filter((row) => row.role === "owner").length);
        expect(state.ownerCount).toBeGreaterThanOrEqual(1);
        expect(state.memberCount).toBeLessThanOrEqual(state.settings?.maxMembers ?? 0);
        const messages = log.filter((event) => event.kind === "message_sent");
        expect(state.messageCount).toBe(messages.length);
        expect(messages.map((event) => event.messageNo)).toEqual(messages.map((_, index) => index + 1));
        const deleted = new Set(log.flatMap((event) => (event.kind === "message_deleted" ? [event.target] : [])));
        for (const { seq } of messages) {
          const replies = messages.filter(({ thread }) => thread?.root === seq);
          const left = replies.filter((reply) => !deleted.has(reply.seq));
          const summary = driver.overlays.get(seq)?.thread;
          expect([summary?.lastNo ?? 0, summary?.count ?? 0]).toEqual([replies.length, left.length]);
        }
        for (const seq of state.pins.keys()) expect(deleted.has(seq)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  test("has no words or reactions of people who were not members at that moment", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const members = new Set<string>();
        for (const event of play(type, script).driver.log) {
          if (event.kind === "member_joined") members.add(event.userId);
          if (event.kind === "member_left") expect(members.delete(event.userId)).toBe(true);
          // The assistant is no member, and does not write under its own power; nor is who keeps rooms for the engine.
          if ("by" in event && (event.by === ASSISTANT || event.by === KEEPING.userId)) continue;
          if (event.kind === "message_sent" || event.kind === "reaction_changed" || event.kind === "message_edited") {
            expect(members.has(event.by)).toBe(true);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("counts votes and reactions as its log has them, and shows an anonymous author under one name that is not theirs", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const { log, overlays } = play(type, script).driver;
        const votes = new Map<string, readonly number[]>();
        const reactions = new Set<string>();
        const names = new Map<string, string>();
        for (const event of log) {
          if (event.kind === "poll_voted") votes.set(`${event.target} ${event.by}`, event.choices);
          if (event.kind === "reaction_changed") {
            const key = `${event.target} ${event.emoji} ${event.by}`;
            if (event.added) reactions.add(key);
            else reactions.delete(key);
          }
          if ("as" in event && event.as !== undefined) {
            expect(names.get(event.by) ?? event.as).toBe(event.as);
            names.set(event.by, event.as);
          }
        }
        expect(new Set(names.values()).size).toBe(names.size);
        for (const [seq, overlay] of overlays) {
          if (overlay.deletedAt !== undefined) continue;
          const cast = [...votes].filter(([key, choices]) => key.startsWith(`${seq} `) && choices.length > 0);
          const counted = [0, 1, 2].map((place) => cast.filter(([, choices]) => choices.includes(place)).length);
          if (overlay.poll !== undefined) expect(overlay.poll).toMatchObject({ votes: counted, voters: cast.length });
          else expect(cast).toEqual([]);
          const shown = [...reactions].filter((key) => key.startsWith(`${seq} `)).length;
          const tallied = emojiOf(overlay).map((emoji) => tallyOf(overlay, emoji).count);
          expect(tallied.reduce((sum, count) => sum + count, 0)).toBe(shown);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("answers a repeated request with the place of the first and writes nothing", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const { driver, answers } = play(type, script);
        const written = new Map<string, number>();
        for (const { command, decision } of answers) {
          if (!("clientId" in command)) continue;
          const key = `${command.by.userId} ${command.clientId}`;
          const before = written.get(key);
          if (decision.kind === "duplicate") expect(decision.seq).toBe(before ?? -1);
          if (before !== undefined) expect(["duplicate", "reject"]).toContain(decision.kind);
          const first = decision.kind === "accept" ? decision.events[0] : undefined;
          if (first !== undefined) written.set(key, first.seq);
        }
        const inLog = new Set(
          driver.log.flatMap((event) => ("clientId" in event ? [`${event.by} ${event.clientId}`] : [])),
        );
        expect(inLog.size).toBe(written.size);
      }),
      { numRuns: RUNS },
    );
  });

  test("replayed gives the same state, from the start and from a snapshot anywhere", () => {
    fc.assert(
      fc.property(roomTypes, steps, fc.nat(), (type, script, cut) => {
        const { driver } = play(type, script);
        const at = cut % (driver.log.length + 1);
        let state = emptyRoomState();
        for (const event of driver.log.slice(0, at)) apply(state, event);
        state = decodeSnapshot(encodeSnapshot(state));
        for (const event of driver.log.slice(at)) apply(state, event);
        expect(digest(state)).toEqual(digest(driver.state));
        // What a replayed state knows of rows is what the store has.
        for (const name of ["ann", "bob", "cleo", "dora", "root"]) {
          const { userId } = user(name);
          const row = state.members.get(userId);
          if (row !== undefined) expect(row).toEqual(driver.memberRows.get(userId) ?? null);
        }
        for (const [seq, overlay] of driver.overlays) {
          const row = state.messages.get(seq);
          if (row != null) expect(row.overlay).toEqual(overlay);
        }
        for (const key of itemKeysOf(driver)) {
          const value = state.items.get(key);
          if (value !== undefined) expect(value).toEqual(driver.itemRows.get(key) ?? null);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("is decided the same with caches of one row", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const roomy = play(type, script);
        const tight = play(type, script, { members: 1, messages: 1, items: 1 });
        expect(tight.answers).toEqual(roomy.answers);
        expect(tight.driver.overlays).toEqual(roomy.driver.overlays);
        expect(tight.driver.memberRows).toEqual(roomy.driver.memberRows);
        expect(tight.driver.itemRows).toEqual(roomy.driver.itemRows);
        expect(tight.driver.state.items.size).toBeLessThanOrEqual(1);
        expect(tight.driver.state.members.size).toBeLessThanOrEqual(1);
        expect(tight.driver.state.messages.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: RUNS },
    );
  });

  test("goes on the same after a restart from a snapshot, with nothing cached", () => {
    fc.assert(
      fc.property(roomTypes, steps, steps, (type, before, after) => {
        const stayed = play(type, before).driver;
        const restarted = play(type, before).driver;
        restarted.state = decodeSnapshot(encodeSnapshot(restarted.state));
        for (const [index, step] of after.entries()) {
          const answers = [stayed, restarted].map((driver) => {
            driver.now += step.clockMs;
            return driver.run(commandOf(step, `c${index}`, driver, type));
          });
          expect(answers[1]).toEqual(answers[0] as Settled);
        }
        restarted.commit();
        stayed.commit();
        expect(restarted.overlays).toEqual(stayed.overlays);
        expect(restarted.itemRows).toEqual(stayed.itemRows);
      }),
      { numRuns: RUNS },
    );
  });
});

test("the conversations that are tried do write, repeat, refuse and read", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(roomTypes, steps, (type, script) => {
      const { answers, driver } = play(type, script, { members: 1, messages: 1 });
      const count = (name: string, times: number): unknown => seen.set(name, (seen.get(name) ?? 0) + times);
      for (const { decision } of answers)
        count(decision.kind === "reject" ? decision.rejection.code : decision.kind, 1);
      for (const event of driver.log) count(event.kind, 1);
      count("reads", driver.reads);
    }),
    { numRuns: 5 * RUNS, seed: 1 },
  );
  for (const name of [
    ...["accept", "duplicate", "conflict", "forbidden", "room_not_found", "already_deleted", "last_owner", "reads"],
    ...["message_sent", "message_edited", "message_deleted", "reaction_changed", "member_left", "member_changed"],
    ...["poll_voted", "poll_closed", "pseudonym_changed", "member_banned", "ban_lifted", "member_muted", "mute_lifted"],
    ...["invite_made", "invite_ended", "banned", "muted", "room_archived"],
  ]) {
    expect(`${name} ${(seen.get(name) ?? 0) >= 20}`).toBe(`${name} true`);
  }
}, 60_000);
