import { expect, test } from "bun:test";
import {
  changeProfile,
  claimProfile,
  overridingProfile,
  type ProfileState,
  shownProfile,
} from "../../../../src/domain/user/profile.ts";

const PICTURE = "https://cdn.example.org/ada.png";
const nobody: ProfileState = { own: {}, sourced: {}, claimed: {} };

test("a person is called as their token says until they choose otherwise, part by part", () => {
  const claimed = claimProfile(nobody, { name: "Ada L.", avatar: PICTURE });
  expect(shownProfile(claimed)).toEqual({ name: "Ada L.", avatar: PICTURE });
  expect(shownProfile(changeProfile(claimed, { name: "Countess" }))).toEqual({ name: "Countess", avatar: PICTURE });
});

test("what was chosen outlives other tokens, and what they say comes back when it is taken back", () => {
  const chosen = changeProfile(claimProfile(nobody, { name: "Ada L." }), { name: "Countess" });
  const later = claimProfile(chosen, { name: "Ada Lovelace" });
  expect(shownProfile(later)).toEqual({ name: "Countess" });
  expect(shownProfile(changeProfile(later, { name: null }))).toEqual({ name: "Ada Lovelace" });
});

test("a connection that was told the chosen name claims nothing by it", () => {
  const chosen = changeProfile(claimProfile(nobody, { name: "Ada L." }), { name: "Countess" });
  expect(claimProfile(chosen, { name: "Countess" })).toEqual(chosen);
});

test("a token that says nothing takes nothing away", () => {
  const claimed = claimProfile(nobody, { name: "Ada L.", avatar: PICTURE });
  expect(claimProfile(claimed, {})).toEqual(claimed);
});

test("a profile service goes before the token and behind what was chosen, part by part", () => {
  const claimed = claimProfile(nobody, { name: "ada-l", avatar: PICTURE });
  const sourced = { ...claimed, sourced: { name: "Ada Lovelace" } };
  expect(shownProfile(sourced)).toEqual({ name: "Ada Lovelace", avatar: PICTURE });
  expect(overridingProfile(sourced)).toEqual({ name: "Ada Lovelace" });
  // Whoever was told that name claims nothing by it.
  expect(claimProfile(sourced, { name: "Ada Lovelace" })).toEqual(sourced);
  const chosen = changeProfile(sourced, { name: "Countess" });
  expect(shownProfile(chosen).name).toBe("Countess");
  expect(shownProfile(changeProfile(chosen, { name: null })).name).toBe("Ada Lovelace");
});
