/** Checks of the assistant's answers (11): each ends exactly once, with the text that its events brought, and nothing follows. */
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { Seq } from "../../src/base/ids.ts";
import type { FinalLog } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { eventsOf } from "./log-facts.ts";

export function checkAnswers(log: FinalLog, violate: Violate): void {
  const open = new Map<Seq, string>();
  let question: Seq = 0;
  for (const event of eventsOf(log)) {
    const place = `${log.room} seq ${event.seq}`;
    if (event.kind === "message_sent" && event.run !== undefined) {
      // What a rule flagged is reported in between.
      if (event.run.question !== question) violate("11 answers", `${place} does not follow its question`);
      open.set(event.seq, "");
    } else if (isOfAnswer(event)) {
      const text = open.get(event.target);
      if (text === undefined) violate("11 answers", `${place}: ${event.kind} of ${event.target}, which is not open`);
      else follow(event, text, open, (what) => violate("11 answers", `${place}: ${what}`));
    } else if (event.kind === "message_deleted") open.delete(event.target);
    if (event.kind === "message_sent") question = event.seq;
  }
  for (const seq of open.keys()) violate("11 answers", `${log.room} seq ${seq} never ended`);
}

type OfAnswer = Extract<LogEvent, { kind: "answer_extended" | "answer_restarted" | "answer_ended" }>;

function isOfAnswer(event: LogEvent): event is OfAnswer {
  return event.kind === "answer_extended" || event.kind === "answer_restarted" || event.kind === "answer_ended";
}

function follow(event: OfAnswer, text: string, open: Map<Seq, string>, violate: (what: string) => void): void {
  switch (event.kind) {
    case "answer_extended":
      if (event.from !== text.length) violate(`text at ${event.from} after ${text.length}`);
      open.set(event.target, text + event.text);
      return;
    case "answer_restarted":
      open.set(event.target, "");
      return;
    case "answer_ended":
      // Where nothing came, a sentence stands in its place.
      if (text !== "" && !event.content.startsWith(text)) violate(`ended with other words than it grew by`);
      open.delete(event.target);
  }
}
