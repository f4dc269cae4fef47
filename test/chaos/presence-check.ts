/** Is everybody who is there shown as present, by every room to everybody in it, and nobody else? */
import type { Roamer } from "./roamer.ts";

/** A killed node's registration, the time of grace for its connections, and some seconds for a slow machine. */
export const PRESENCE_MS_MAX = 15_000;
const ASK_MS_MAX = 5_000;
const PAUSE_MS = 250;
const WRONG_SHOWN_MAX = 5;

export interface PresenceResult {
  /** `performance.now()` when everything was true; `undefined`: not in time. */
  readonly ms: number | undefined;
  readonly wrong: readonly string[];
}

/** Asks those who stayed until everything that they are shown is true. */
export async function presenceSettled(staying: readonly Roamer[]): Promise<PresenceResult> {
  const deadline = performance.now() + PRESENCE_MS_MAX;
  let doubtful = [...staying];
  let wrong: string[] = [];
  for (;;) {
    const answered = await Promise.all(doubtful.map((person) => person.askPresent(ASK_MS_MAX)));
    const found = doubtful.map((person, i) =>
      answered[i] === true ? deviations(person, staying) : [`${person.userId} got no answer about who is present`],
    );
    wrong = found.flat();
    doubtful = doubtful.filter((_, i) => (found[i]?.length ?? 0) > 0);
    if (doubtful.length === 0) return { ms: performance.now(), wrong: [] };
    if (performance.now() > deadline) return { ms: undefined, wrong: wrong.slice(0, WRONG_SHOWN_MAX) };
    await Bun.sleep(PAUSE_MS);
  }
}

function deviations(person: Roamer, staying: readonly Roamer[]): string[] {
  const wrong: string[] = [];
  for (const roomId of person.rooms) {
    const there = staying.filter((other) => other.rooms.includes(roomId)).map((other) => other.userId);
    const shown = person.present.get(roomId) ?? [];
    const missing = there.filter((userId) => !shown.includes(userId));
    const gone = shown.filter((userId) => !there.includes(userId));
    if (missing.length + gone.length === 0) continue;
    wrong.push(
      `presence: ${person.userId} is shown ${roomId} without [${missing.join(", ")}], with [${gone.join(", ")}] who are gone`,
    );
  }
  return wrong;
}
