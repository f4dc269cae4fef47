/** Which messages ask the assistant something. */
import { describe, expect, test } from "bun:test";
import { askedOf, TRIGGERS } from "../../../../src/domain/assistant/triggers.ts";

describe("what asks", () => {
  test.each(TRIGGERS.map((trigger) => [trigger.example, trigger] as const))("%s", (example, { task }) => {
    expect(askedOf(example)?.task).toBe(task);
  });

  test.each([
    ["@ai: hello", "hello"],
    ["  @Assistant,\n what is this?", "what is this?"],
    ["@AI tl;dr", "tl;dr"],
  ])("%p without its address", (text, rest) => {
    expect(askedOf(text)?.text).toBe(rest);
  });
});

describe("what asks nothing", () => {
  test.each([
    "hello",
    "",
    "@ai",
    "@assistant   ",
    "@aircraft carrier",
    "@ai-team hello",
    "tell @ai that",
    "Canada can explain",
    "Summarize it yourself",
    "translate this",
    "explain!",
    "x".repeat(100_000),
  ])("%p", (text) => {
    expect(askedOf(text)).toBeUndefined();
  });
});
