/** The checker of `npm run chaos:client` sees each kind of fault. */
import { expect, test } from "bun:test";
import { faultsOf, type PageReport, type Person, type RoomFacts } from "../../chaos/cut-check.ts";

const ROOM = "room";
const facts: RoomFacts = {
  roomId: ROOM,
  events: [
    [2, "user_joined"],
    [3, "new_message"],
    [5, "new_message"],
    [6, "message_updated"],
    [7, "new_message"],
  ],
  messages: [
    [3, "m1", ""],
    [5, "m2 (edited 4)", "👍 1"],
    [7, "m3", ""],
  ],
  said: ["m1", "m2", "m3"].map((text) => ({ text, by: "ann" })),
  held: [
    { text: "m1", by: "ann", seq: 3 },
    { text: "m2", by: "ann", seq: 5 },
    { text: "m3", by: "ann", seq: 7 },
  ],
};
const report: PageReport = {
  pending: 0,
  failed: [],
  gaps: [],
  seen: { [ROOM]: facts.events },
  unread: { [ROOM]: 1 },
  messages: { [ROOM]: facts.messages },
};
const ben = (changes: Partial<PageReport> = {}): Person => ({
  user: "ben",
  report: { ...report, ...changes },
  marks: { [ROOM]: 5 },
  serverUnread: { [ROOM]: 1 },
});

test("what is right is no fault, also for a page that began later", () => {
  expect(faultsOf([facts], [ben()])).toEqual([]);
  const later = { seen: { [ROOM]: facts.events.slice(2) }, messages: { [ROOM]: facts.messages.slice(1) } };
  expect(faultsOf([facts], [ben(later)])).toEqual([]);
});

test.each<readonly [string, RoomFacts, Person, string]>([
  ["a lost message", { ...facts, held: facts.held.slice(1) }, ben(), 'lost "ann: m1"'],
  [
    "a message twice",
    { ...facts, held: [...facts.held, { text: "m1", by: "ann", seq: 4 }] },
    ben(),
    'holds "ann: m1" 2 times',
  ],
  [
    "a message of nobody",
    { ...facts, held: [...facts.held, { text: "x", by: "ann", seq: 4 }] },
    ben(),
    "which nobody said",
  ],
  [
    "an event that was not told",
    facts,
    ben({ seen: { [ROOM]: facts.events.toSpliced(2, 1) } }),
    "the first wrong one 2",
  ],
  [
    "an event told twice",
    facts,
    ben({ seen: { [ROOM]: facts.events.toSpliced(2, 0, [3, "new_message"]) } }),
    "told 6 events",
  ],
  ["no event at all", facts, ben({ seen: {} }), "told 0 events"],
  [
    "an edit that is not shown",
    facts,
    ben({ messages: { [ROOM]: facts.messages.toSpliced(1, 1, [5, "m2", "👍 1"]) } }),
    "shows 5,m2",
  ],
  [
    "a reaction that is not counted",
    facts,
    ben({ messages: { [ROOM]: facts.messages.toSpliced(1, 1, [5, "m2 (edited 4)", ""]) } }),
    "instead of",
  ],
  [
    "a message shown twice",
    facts,
    ben({ messages: { [ROOM]: [...facts.messages, [7, "m3", ""]] } }),
    "a message twice",
  ],
  ["a wrong count", facts, ben({ unread: { [ROOM]: 2 } }), "the page counts 2"],
  ["something that still waits", facts, ben({ pending: 1 }), "still wait"],
  ["something refused", facts, ben({ failed: [{ error: { code: "conflict" } }] }), "conflict"],
  ["a gap", facts, ben({ gaps: [{}] }), "1 gaps"],
])("%s", (_name, room, person, words) => {
  expect(faultsOf([room], [person]).join("\n")).toContain(words);
});
