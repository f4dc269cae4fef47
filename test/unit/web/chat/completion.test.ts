import { expect, test } from "bun:test";
import { begunAt, emojiClosedAt, stillMeant } from "../../../../src/web/chat/completion.ts";
import { EMOJI, emojiLike, emojiNamed } from "../../../../src/web/chat/emoji-names.ts";

test("what is begun right before the cursor is a person behind an @, an emoji behind a colon and two letters", () => {
  expect(begunAt("hey @be", 7)).toEqual({ kind: "person", from: 4, prefix: "be" });
  expect(begunAt("@", 1)).toEqual({ kind: "person", from: 0, prefix: "" });
  expect(begunAt("so :fi", 6)).toEqual({ kind: "emoji", from: 3, prefix: "fi" });
  expect(begunAt(":+1", 3)).toEqual({ kind: "emoji", from: 0, prefix: "+1" });
  expect(begunAt("so :fire now", 6)).toEqual({ kind: "emoji", from: 3, prefix: "fi" });
});

test("a time, an address, a colon with one letter and a mail address begin nothing", () => {
  for (const text of ["at 10:30", "http://host", "see :f", "ann@example", ":fi re", "done:fire"]) {
    expect(begunAt(text, text.length)).toBeUndefined();
  }
});

test("emoji are found by the beginning of each name and word, whole names first", () => {
  expect(emojiLike("thumbs", 6).map(({ emoji }) => emoji)).toEqual(["👍", "👎"]);
  expect(emojiLike("Up", 6)).toEqual([{ emoji: "👍", name: "thumbs_up" }]);
  expect(emojiLike("tada", 6)).toEqual([{ emoji: "🎉", name: "party" }]);
  expect(emojiLike("ha", 6).map(({ name }) => name)).toEqual(["grin", "handshake", "hand", "raised_hands"]);
  expect(emojiLike("s", 3)).toHaveLength(3);
  expect(emojiLike("nothing_like_it", 6)).toEqual([]);
});

test("a second colon closes a name that is one, and no other", () => {
  expect(emojiClosedAt("well :thumbs_up: then", 16)).toEqual({ from: 5, prefix: "thumbs_up", emoji: "👍" });
  expect(emojiClosedAt(":fire: ", 7)).toBeUndefined();
  expect(emojiClosedAt(":fir:", 5)).toBeUndefined();
  expect(emojiClosedAt("10:30:", 6)).toBeUndefined();
});

test("each name leads to one emoji", () => {
  const names = EMOJI.flatMap(([, name, others = ""]) => [name.replaceAll(" ", "_"), ...others.split(" ")]).filter(
    Boolean,
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => emojiNamed(name) === undefined)).toEqual([]);
  expect(emojiNamed("")).toBeUndefined();
});

test("whoever writes on is offered those of the last answer who are still meant, and nobody else", () => {
  const ben = { id: "u1", name: "Ben" };
  const bob = { id: "bob", name: "Robert" };
  const found = { prefix: "b", people: [ben, bob] };
  expect(stillMeant(found, "b")).toEqual([ben, bob]);
  expect(stillMeant(found, "Bo")).toEqual([bob]);
  expect(stillMeant(found, "be")).toEqual([ben]);
  expect(stillMeant(found, "bx")).toEqual([]);
  expect(stillMeant(found, "")).toEqual([]);
  expect(stillMeant(found, "an")).toEqual([]);
});
