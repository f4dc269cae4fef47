/** A planted bug for each part of rule 15: who is told is asked wrongly, or what was not told is taken for told. */
import { ok } from "../../src/base/result.ts";
import type { NotifyReply } from "../../src/actors/notify-calls.ts";
import type { LogConsumer } from "../../src/followers/log-consumer.ts";
import type { EngineAsker } from "../../src/integrations/notify/engine-asker.ts";
import type { PlantedBug } from "./planted-parts.ts";

/** What people's actors say, changed. */
function hearing(change: (said: NotifyReply) => NotifyReply): (engine: EngineAsker) => void {
  return (engine) => {
    const person = engine.person.bind(engine);
    engine.person = async (...args) => {
      const said = await person(...args);
      return said.ok ? ok(change(said.value)) : said;
    };
  };
}

const takesAllForAway = hearing((said) => ({ ...said, isLive: false }));
const forgetsTheLevel = hearing(({ preferences: { level: _, ...rest } = {}, ...said }) => ({
  ...said,
  preferences: rest,
}));
const forgetsQuietHours = hearing(({ preferences: { quietHours: _, ...rest } = {}, ...said }) => ({
  ...said,
  preferences: rest,
}));

function takesAllForUnread(engine: EngineAsker): void {
  const room = engine.room.bind(engine);
  engine.room = async (...args) => {
    const said = await room(...args);
    const people = said.ok ? said.value.people?.map((one) => ({ ...one, readSeq: 0 })) : undefined;
    return said.ok ? ok({ ...said.value, ...(people && { people }) }) : said;
  };
}

/** What could not be sent now is taken for sent. */
function asksOnce(consumer: LogConsumer): LogConsumer {
  return {
    name: consumer.name,
    ...(consumer.pace && { pace: consumer.pace }),
    deliver: (run, done) => consumer.deliver(run, () => done("durable")),
  };
}

export const NOTICE_BUGS: readonly PlantedBug[] = [
  { name: "who is there is told", plant: { parts: { tamperNotify: takesAllForAway } }, rule: "15 live" },
  { name: "told what was read", plant: { parts: { tamperNotify: takesAllForUnread } }, rule: "15 read" },
  { name: "told who wants nothing", plant: { parts: { tamperNotify: forgetsTheLevel } }, rule: "15 level" },
  { name: "told in quiet hours", plant: { parts: { tamperNotify: forgetsQuietHours } }, rule: "15 quiet" },
  { name: "a notice that failed not repeated", plant: { parts: { wrapNotify: asksOnce } }, rule: "15 lost" },
];
