/**
 * Two nodes that both believe to own one room, on a DynamoDB that fails in every way at once: what was acknowledged is in
 * the log, once and in order, and the rows are those of the log.
 */
import { expect, test } from "bun:test";
import { SeededRandom } from "../../../../src/base/prng.ts";
import type { MemberRow, MessageOverlay } from "../../../../src/domain/room/state.ts";
import type { LogTail, ReadResult, RowChange, Segment } from "../../../../src/storage/journal.ts";
import type { RoomListItem } from "../../../../src/storage/projections.ts";
import { DynamoFaultProxy } from "../../../chaos/dynamodb-fault-proxy.ts";
import { append, ask, card, LOG, member, segment, TENANT, user } from "../../../conformance/harness.ts";
import { dynamoSetup, type Node } from "./setup.ts";

const { node, server } = dynamoSetup();
const NAMES = ["ada", "bob", "carl", "dora", "eve"];
const APPENDS = 60;
const HANG_MS = 400;
const REQUEST_MS_MAX = 250;

const read = <Value>(call: (done: (result: ReadResult<Value>) => void) => void) => new Promise<ReadResult<Value>>(call);

/** As a room's actor does: it looks at the place until it is known whose it is. */
async function settled(on: Node, one: Segment, rows: readonly RowChange[]): Promise<"written" | "fenced"> {
  for (;;) {
    const outcome = await append(on.journal, LOG, one, rows);
    if (outcome === "written" || outcome === "fenced") return outcome;
    const standing = await read<Segment | undefined>((done) => on.journal.readSegment(LOG, one.firstSeq, done));
    if (standing.ok && standing.value !== undefined)
      return standing.value.batchId === one.batchId ? "written" : "fenced";
  }
}

async function headOf(on: Node): Promise<number> {
  for (;;) {
    const tail = await read<LogTail>((done) => on.journal.readTail(LOG, done));
    if (tail.ok) return tail.value.segments.at(-1)?.lastSeq ?? 0;
  }
}

function randomRows(random: SeededRandom, head: number): readonly RowChange[] {
  const name = NAMES[random.below(NAMES.length)] ?? "ada";
  const kind = random.below(5);
  if (kind === 0) return [{ kind: "member", userId: user(name), row: null }, card("group", `after ${head}`)];
  if (kind <= 2) return [member(name, { joinedNo: head })];
  if (kind === 3) return [{ kind: "message", seq: random.below(4) + 1, overlay: { content: `at ${head}` } }];
  return [];
}

for (const seed of [1, 2, 3]) {
  test(`two owners and all faults, seed ${seed}`, async () => {
    const random = new SeededRandom(seed);
    const proxy = await DynamoFaultProxy.start(server().endpoint, seed, HANG_MS);
    const owners = [0, 1].map(() => node({ endpoint: proxy.endpoint, requestMsMax: REQUEST_MS_MAX }));
    proxy.set({ error500: 0.05, throttle: 0.05, dropReply: 0.05, hang: 0.02, partialBatch: 0.3 });
    const acknowledged = new Map<string, { readonly one: Segment; readonly rows: readonly RowChange[] }>();
    const refused = new Set<string>();
    let appends = 0;
    const own = async (on: Node, name: string) => {
      let head = await headOf(on);
      while (appends < APPENDS) {
        appends += 1;
        const one = segment(head + 1, random.below(3) + 1, { batchId: `${name}.${appends}` });
        const rows = randomRows(random, head);
        if ((await settled(on, one, rows)) === "written") {
          acknowledged.set(one.batchId, { one, rows });
          head = one.lastSeq;
        } else {
          refused.add(one.batchId);
          head = await headOf(on);
        }
      }
    };
    await Promise.all(owners.map((on, index) => own(on, `owner-${index}`)));
    proxy.heal();
    await Promise.all(owners.map((on) => on.close()));
    await proxy.stop();

    const fresh = node();
    const { segments } = await ask<LogTail>((done) => fresh.journal.readTail(LOG, done));
    let next = 1;
    for (const one of segments) {
      expect(one.firstSeq).toBe(next);
      next = one.lastSeq + 1;
    }
    expect(segments.map((one) => one.batchId).toSorted()).toEqual([...acknowledged.keys()].toSorted());
    expect(segments.filter((one) => refused.has(one.batchId))).toEqual([]);
    const members = new Map<string, MemberRow | null>();
    const overlays = new Map<number, MessageOverlay>();
    for (const { batchId } of segments) {
      for (const change of acknowledged.get(batchId)?.rows ?? []) {
        if (change.kind === "member") members.set(change.userId, change.row);
        if (change.kind === "message") overlays.set(change.seq, change.overlay);
      }
    }
    const users = NAMES.map(user);
    expect(await ask<readonly (MemberRow | null)[]>((done) => fresh.journal.readMembers(LOG, users, done))).toEqual(
      users.map((one) => members.get(one) ?? null),
    );
    const seqs = [1, 2, 3, 4];
    expect(
      await ask<readonly (MessageOverlay | null)[]>((done) => fresh.journal.readOverlays(LOG, seqs, done)),
    ).toEqual(seqs.map((seq) => overlays.get(seq) ?? null));
    await fresh.close();
    const last = node();
    for (const one of users) {
      const query = { tenant: TENANT, userId: one, scope: "member", limit: 9, offset: 0 } as const;
      const { items } = await ask<{ readonly items: readonly RoomListItem[] }>((done) =>
        last.projections.listRooms(query, done),
      );
      const isMember = members.get(one) != null;
      expect(items.map((item) => item.head)).toEqual(isMember ? [next - 1] : []);
    }
  }, 60_000);
}
