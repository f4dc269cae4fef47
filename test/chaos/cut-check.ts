/**
 * Compares what pages were told, show and count with the log that the server holds at the end.
 * Invariant: pure; each deviation is a sentence.
 */

/** An event of a room: its sequence and type. */
export type Told = readonly [seq: number, type: string];
/** A message as it is shown: sequence, text, reactions with their counts. */
export type Shown = readonly [seq: number, content: string, reactions: string];

export interface PageReport {
  readonly pending: number;
  readonly failed: readonly { readonly error: { readonly code: string } }[];
  readonly gaps: readonly unknown[];
  /** By room. */
  readonly seen: Readonly<Record<string, readonly Told[]>>;
  readonly unread: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, readonly Shown[]>>;
}
export interface RoomFacts {
  readonly roomId: string;
  /** All that listeners are told, from the first event on. */
  readonly events: readonly Told[];
  /** As history has them now, the newest of them at least. */
  readonly messages: readonly (Shown & { readonly length: 3 })[];
  /** Texts as they were first said, by author. */
  readonly said: readonly { readonly text: string; readonly by: string }[];
  /** As they were first said: what an edit made of them does not count. */
  readonly held: readonly { readonly text: string; readonly by: string; readonly seq: number }[];
}
export interface Person {
  readonly user: string;
  readonly report: PageReport;
  /** By room: up to where they said at last that they have read. */
  readonly marks: Readonly<Record<string, number>>;
  /** By room: what the server counts. */
  readonly serverUnread: Readonly<Record<string, number>>;
}

export function faultsOf(rooms: readonly RoomFacts[], people: readonly Person[]): readonly string[] {
  const faults: string[] = [];
  for (const room of rooms) {
    faults.push(...logFaults(room));
    for (const person of people) faults.push(...pageFaults(room, person));
  }
  for (const { user, report } of people) {
    if (report.pending > 0) faults.push(`${user}: ${report.pending} requests still wait`);
    for (const { error } of report.failed) faults.push(`${user}: a message was refused (${error.code})`);
    if (report.gaps.length > 0) faults.push(`${user}: was told of ${report.gaps.length} gaps, and nothing was deleted`);
  }
  return faults;
}

/** Everything that was said is there once, and nothing else. */
function logFaults({ roomId, said, held }: RoomFacts): readonly string[] {
  const counts = new Map(said.map(({ text, by }) => [`${by}: ${text}`, 0]));
  const faults: string[] = [];
  for (const { text, by } of held) {
    const name = `${by}: ${text}`;
    const count = counts.get(name);
    if (count === undefined) faults.push(`${roomId}: holds "${name}", which nobody said`);
    else if (count > 0) faults.push(`${roomId}: holds "${name}" ${count + 1} times`);
    counts.set(name, (count ?? 0) + 1);
  }
  for (const [name, count] of counts) if (count === 0) faults.push(`${roomId}: lost "${name}"`);
  return faults;
}

function pageFaults({ roomId, events, messages, held }: RoomFacts, person: Person): readonly string[] {
  const { user, report, marks, serverUnread } = person;
  const faults: string[] = [];
  const seen = report.seen[roomId] ?? [];
  // From the first event that the page was told, all of them.
  const from = events.findIndex(([seq]) => seq === seen[0]?.[0]);
  const expected = from < 0 ? events : events.slice(from);
  const wrong = expected.findIndex((event, i) => String(event) !== String(seen[i]));
  if (seen.length === 0 || wrong >= 0 || seen.length !== expected.length) {
    faults.push(
      `${user} in ${roomId}: was told ${seen.length} events instead of ${expected.length}, the first wrong one ${wrong}`,
    );
  }
  const shown = new Map((report.messages[roomId] ?? []).map((message) => [message[0], message]));
  if (shown.size !== (report.messages[roomId] ?? []).length) faults.push(`${user} in ${roomId}: shows a message twice`);
  for (const message of messages) {
    const own = shown.get(message[0]);
    // The page began with the newest page of its time.
    if (own === undefined && message[0] < Math.min(...shown.keys())) continue;
    if (String(own) !== String(message))
      faults.push(`${user} in ${roomId}: shows ${String(own)} instead of ${String(message)}`);
  }
  const mine = held.filter(({ by }) => by === user).map(({ seq }) => seq);
  const read = Math.max(marks[roomId] ?? 0, ...mine);
  const unread = held.filter(({ seq }) => seq > read).length;
  const counted = [report.unread[roomId], serverUnread[roomId] ?? 0];
  if (counted.some((count) => count !== unread)) {
    faults.push(`${user} in ${roomId}: ${unread} are unread; the page counts ${counted[0]}, the server ${counted[1]}`);
  }
  return faults;
}
