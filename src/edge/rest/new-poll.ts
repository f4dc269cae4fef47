/** A poll as REST takes it: its shape, and its closing time read. */
import { t } from "elysia";
import {
  POLL_OPTION_LENGTH_MAX,
  POLL_OPTIONS_MAX,
  POLL_OPTIONS_MIN,
  POLL_QUESTION_LENGTH_MAX,
} from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { NewPoll, SendMessage } from "../../domain/room/commands.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { timeOf } from "../../protocol/fields.ts";

/** Lengths count UTF-16 units here, and code points in the domain: at most half as many. */
export const newPoll = t.Object({
  question: t.String({ minLength: 1, maxLength: 2 * POLL_QUESTION_LENGTH_MAX }),
  options: t.Array(t.Object({ text: t.String({ minLength: 1, maxLength: 2 * POLL_OPTION_LENGTH_MAX }) }), {
    minItems: POLL_OPTIONS_MIN,
    maxItems: POLL_OPTIONS_MAX,
  }),
  multiple: t.Optional(t.Boolean()),
  maxChoices: t.Optional(t.Integer({ minimum: 1, maximum: POLL_OPTIONS_MAX })),
  anonymous: t.Optional(t.Boolean()),
  /** Its name in a poll that is shown. */
  isAnonymous: t.Optional(t.Boolean()),
  closesAt: t.Optional(t.String({ maxLength: 40, description: "ISO 8601 with its zone" })),
});

/** The poll of a message that is to be sent. */
export function pollOf(poll: typeof newPoll.static | undefined): Result<Pick<SendMessage, "poll">, Rejection> {
  if (poll === undefined) return ok({});
  const { question, options, multiple, maxChoices, closesAt } = poll;
  const anonymous = poll.anonymous ?? poll.isAnonymous;
  const time = timeOf(closesAt);
  if (closesAt !== undefined && time === undefined) {
    return err({ code: "invalid_field", field: "poll", message: "poll.closesAt must be ISO 8601 with its zone." });
  }
  const asked: NewPoll = {
    question,
    options,
    ...(multiple !== undefined && { multiple }),
    ...(maxChoices !== undefined && { maxChoices }),
    ...(anonymous !== undefined && { anonymous }),
    ...(time !== undefined && { closesAt: time }),
  };
  return ok({ poll: asked });
}
