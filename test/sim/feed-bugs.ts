/** A planted bug for each part of rule 14 beside those of `planted-bugs.ts`: what pages of the feed bring, and when a place moves. */
import type { FeedEvent, FeedMissing, FeedPage } from "../../src/feed/feed-reader.ts";
import type { FeedParts } from "../../src/feed/open-feed.ts";
import { ok } from "../../src/base/result.ts";
import { cursorText } from "../../src/feed/cursor.ts";
import type { LogConsumer } from "../../src/followers/log-consumer.ts";
import type { PlantedBug } from "./planted-parts.ts";

/** Every page comes as somebody changed it. */
function paging(change: (page: FeedPage) => FeedPage): (feed: FeedParts) => void {
  return ({ reader }) => {
    const page = reader.page.bind(reader);
    reader.page = async (...args) => {
      const read = await page(...args);
      return read.ok ? ok(change(read.value)) : read;
    };
  };
}

const leavesOneOut = paging((page) => ({ ...page, events: page.events.filter((_, i) => i !== 1) }));
const turnsThemRound = paging((page) => ({ ...page, events: page.events.toReversed() }));

const tellsWhatIsNotThere = paging((page) => {
  const last = page.events.at(-1);
  const next: readonly FeedEvent[] = last === undefined ? [] : [{ ...last, seq: last.seq + 1_000 }];
  return { ...page, events: [...page.events, ...next] };
});

/** What it was in no mood to read it says to be gone. */
const saysItIsGone = paging((page) => {
  const [first, ...others] = page.events;
  if (first === undefined) return page;
  const { roomId, seq } = first;
  return { ...page, events: others, missing: [...page.missing, { roomId, from: seq, to: seq }] };
});

const saysItsEntriesAreGone = paging((page) => {
  const gone: readonly FeedMissing[] = page.events.length > 0 ? [{ from: 1, to: 1 }] : [];
  return { ...page, missing: [...page.missing, ...gone] };
});

/** What a consumer was given it is believed to have dealt with. */
function movesWhenItGives({ feed }: FeedParts): void {
  const next = feed.next.bind(feed);
  feed.next = async (tenant, name, wish) => {
    const page = await next(tenant, name, wish);
    if (page.ok) await feed.commit(tenant, name, { after: cursorText(page.value.cursor), from: page.value.from });
    return page;
  };
}

/** Some of what it is given it takes for done. */
function leavesRunsOut(consumer: LogConsumer): LogConsumer {
  let runs = 0;
  return {
    name: consumer.name,
    skims: true,
    follows: (log) => consumer.follows?.(log) ?? true,
    flush: () => consumer.flush?.(),
    deliver: (run, done) => {
      runs += 1;
      if (runs % 3 === 0) queueMicrotask(() => done("durable"));
      else consumer.deliver(run, done);
    },
  };
}

export const FEED_BUGS: readonly PlantedBug[] = [
  { name: "a page without one of its events", plant: { parts: { tamperFeed: leavesOneOut } }, rule: "14 gap" },
  { name: "a page the wrong way round", plant: { parts: { tamperFeed: turnsThemRound } }, rule: "14 order" },
  { name: "an event that never was", plant: { parts: { tamperFeed: tellsWhatIsNotThere } }, rule: "14 not in the log" },
  {
    name: "an event said to be gone",
    plant: { parts: { tamperFeed: saysItIsGone } },
    rule: "14 missing",
    says: "is said to be gone",
  },
  {
    name: "entries said to be gone",
    plant: { parts: { tamperFeed: saysItsEntriesAreGone } },
    rule: "14 missing",
    says: "kept no more",
  },
  {
    name: "a consumer's place moved when it reads",
    plant: { parts: { tamperFeed: movesWhenItGives } },
    rule: "14 lost",
    says: "bot ",
  },
  { name: "runs left out of the feed", plant: { parts: { wrapConsumer: leavesRunsOut } }, rule: "14 lost" },
];
