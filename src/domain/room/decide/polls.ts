/** Making a poll, voting and closing it. Results are counted in the event, so that they are right whoever reads them. */
import {
  POLL_OPEN_MS_MAX,
  POLL_OPTION_LENGTH_MAX,
  POLL_OPTIONS_MAX,
  POLL_OPTIONS_MIN,
  POLL_QUESTION_LENGTH_MAX,
} from "../../../base/limits.ts";
import type { ClosePoll, NewPoll, SendMessage, VotePoll } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MessageSent, PollVoted } from "../events.ts";
import { isPollClosed, pollTally, type VoteRow, voteKey } from "../polls.ts";
import type { MessageRow, PollTally } from "../state.ts";
import type { Poll } from "../vocabulary.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  refuse,
  reject,
  timestampOf,
  UNCHANGED,
} from "./answer.ts";
import { isBlank, livingMessage } from "./targets.ts";

const NOT_A_POLL = reject("not_a_poll", undefined, "messageId");
const POLL_CLOSED = reject("poll_closed", undefined, "messageId");
const NO_CHOICES: readonly number[] = [];

/** Puts the poll into the message that is about to be sent, or says why not. */
export function addPoll(
  state: LiveRoom,
  { by, messageType, poll }: SendMessage,
  event: { -readonly [K in keyof MessageSent]: MessageSent[K] },
): Decision | undefined {
  if (poll === undefined) return reject("missing_field", "A message of type poll needs a poll.", "poll");
  if (messageType !== "poll") {
    return reject("invalid_field", `A message of type ${messageType} has no poll.`, "messageType");
  }
  const refusal = refuse(state, by, "poll") ?? refusePoll(poll, event.timestamp);
  if (refusal !== undefined) return refusal;
  event.poll = pollOf(poll);
  // For those who show text only.
  if (event.content === "") event.content = poll.question;
  return undefined;
}

function pollOf({ question, options, multiple, maxChoices, anonymous, closesAt }: NewPoll): Poll {
  return {
    question,
    options: options.map(({ text }) => text),
    choicesMax: maxChoices ?? (multiple === true ? options.length : 1),
    anonymous: anonymous ?? false,
    ...(closesAt !== undefined && { closesAt }),
  };
}

function refusePoll({ question, options, multiple, maxChoices, closesAt }: NewPoll, now: number): Decision | undefined {
  if (!isText(question, POLL_QUESTION_LENGTH_MAX)) {
    return invalid(`question is a text of 1 to ${POLL_QUESTION_LENGTH_MAX} characters.`);
  }
  if (options.length < POLL_OPTIONS_MIN || options.length > POLL_OPTIONS_MAX) {
    return invalid(`options are ${POLL_OPTIONS_MIN} to ${POLL_OPTIONS_MAX}.`);
  }
  if (!options.every(({ text }) => isText(text, POLL_OPTION_LENGTH_MAX))) {
    return invalid(`An option is a text of 1 to ${POLL_OPTION_LENGTH_MAX} characters.`);
  }
  if (new Set(options.map(({ text }) => text.trim())).size < options.length)
    return invalid("Two options are the same.");
  if (maxChoices !== undefined) {
    const most = multiple === false ? 1 : options.length;
    if (!Number.isInteger(maxChoices) || maxChoices < 1 || maxChoices > most) {
      return invalid(`maxChoices is a whole number from 1 to ${most}.`);
    }
  }
  if (closesAt === undefined) return undefined;
  if (!Number.isSafeInteger(closesAt) || closesAt <= now || closesAt > now + POLL_OPEN_MS_MAX) {
    return invalid("closesAt is a time to come, within a year.");
  }
  return undefined;
}

export function decideVote(state: LiveRoom, command: VotePoll, bodyHash: number, context: DecideContext): Decision {
  const { by } = command;
  const refusal = refuse(state, by, "react");
  if (refusal !== undefined) return refusal;
  const row = livingMessage(state, command.messageId);
  if ("kind" in row) return row;
  const { seq: target, poll } = row;
  if (poll === undefined) return NOT_A_POLL;
  if (isPollClosed(poll, row.overlay, timestampOf(state, context))) return POLL_CLOSED;
  const choices = [...command.choices].sort((a, b) => a - b);
  const refused = refuseChoices(poll, choices);
  if (refused !== undefined) return refused;
  const key = voteKey(target, by.userId);
  const before = state.items.get(key) as VoteRow | null | undefined;
  if (before === undefined) return needItems(key);
  const chosen = before?.choices ?? NO_CHOICES;
  if (chosen.length === choices.length && chosen.every((choice, i) => choice === choices[i])) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  const results = recount(pollTally(poll, row.overlay), chosen, choices);
  const event: PollVoted = { kind: "poll_voted", seq: state.head + 1, ...base, target, choices, ...results };
  return accept([event]);
}

function refuseChoices({ options, choicesMax }: Poll, choices: readonly number[]): Decision | undefined {
  if (choices.length > choicesMax) {
    const most = choicesMax === 1 ? "one option" : `${choicesMax} options`;
    return reject("invalid_field", `At most ${most} of this poll can be chosen.`, "choices");
  }
  const isPlace = (choice: number, i: number): boolean =>
    Number.isInteger(choice) && choice >= 0 && choice < options.length && choice !== choices[i - 1];
  if (choices.every(isPlace)) return undefined;
  return reject("invalid_field", `choices are different numbers from 0 to ${options.length - 1}.`, "choices");
}

function recount(
  { votes, voters }: PollTally,
  before: readonly number[],
  after: readonly number[],
): Pick<PollTally, "votes" | "voters"> {
  const counted = [...votes];
  for (const choice of before) counted[choice] = (counted[choice] ?? 0) - 1;
  for (const choice of after) counted[choice] = (counted[choice] ?? 0) + 1;
  return { votes: counted, voters: voters - (before.length > 0 ? 1 : 0) + (after.length > 0 ? 1 : 0) };
}

/** By who asked, and by moderators. */
export function decideClosePoll(
  state: LiveRoom,
  command: ClosePoll,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by } = command;
  const hidden = refuse(state, by, "read");
  if (hidden !== undefined) return hidden;
  const row = livingMessage(state, command.messageId);
  if ("kind" in row) return row;
  const { seq: target, poll, overlay } = row;
  if (poll === undefined) return NOT_A_POLL;
  const isOwn = row.author === by.userId;
  const refusal = refuse(state, by, isOwn ? "react" : "moderate");
  if (refusal !== undefined) return refusal;
  if (isPollClosed(poll, overlay, timestampOf(state, context))) return UNCHANGED;
  const { votes, voters } = pollTally(poll, overlay);
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "poll_closed", seq: state.head + 1, ...base, target, votes, voters, ...asOwn(row, isOwn) }]);
}

function asOwn({ as }: MessageRow, isOwn: boolean): Pick<MessageRow, "as"> {
  return isOwn && as !== undefined ? { as } : {};
}

function isText(text: string, lengthMax: number): boolean {
  return !isBlank(text) && text.isWellFormed() && text.length <= 2 * lengthMax && [...text].length <= lengthMax;
}

function invalid(message: string): Decision {
  return reject("invalid_field", message, "poll");
}
