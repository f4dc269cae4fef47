/**
 * What people do about rules: the owner gives rooms rules and helpers, people say words that the rules know, and who helps deals with
 * what is held; now and then somebody tries who may not.
 */
import type { MessageId, RoomId } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { ModerationRuleView } from "../../src/protocol/frames.ts";
import type { SimClient } from "./sim-client.ts";

/** One word for each that a rule may do. */
export const RULED = { hold: "doubtful", reject: "forbidden", replace: "secret", flag: "strange" } as const;
export type RuledAction = keyof typeof RULED;

const ACTIONS = ["hold", "reject", "replace", "flag"] as const;
const RULES: readonly ModerationRuleView[] = ACTIONS.map((action) => ({ id: action, action, words: [RULED[action]] }));
/** Without the one that holds, and none. */
const OTHER_RULES: readonly (readonly ModerationRuleView[])[] = [RULES.slice(1), []];

export class Moderators {
  readonly #random: SeededRandom;
  readonly #clients: readonly SimClient[];

  constructor(random: SeededRandom, clients: readonly SimClient[]) {
    this.#random = random;
    this.#clients = clients;
  }

  found(room: RoomId): void {
    const [owner, helper] = this.#clients as [SimClient, SimClient];
    owner.request(room, { kind: "set_moderation", rules: RULES });
    owner.request(room, { kind: "set_role", userId: helper.user, role: "moderator" });
  }

  /** false: nothing was to be done this time. */
  act(client: SimClient, room: RoomId): boolean {
    const dice = this.#random.next();
    if (dice > 0.12) return false;
    const [owner, helper] = this.#clients as [SimClient, SimClient];
    const by = this.#random.next() < 0.9 ? owner : client;
    if (dice < 0.1) return this.#resolve(this.#random.next() < 0.5 ? by : helper);
    if (dice < 0.11) {
      const role = this.#random.next() < 0.7 ? "moderator" : "member";
      by.request(room, { kind: "set_role", userId: this.#random.next() < 0.8 ? helper.user : client.user, role });
      return true;
    }
    const other = OTHER_RULES[this.#random.below(OTHER_RULES.length)] ?? RULES;
    by.request(room, { kind: "set_moderation", rules: this.#random.next() < 0.7 ? RULES : other });
    return true;
  }

  /** Every fourth text has a word that a rule knows. */
  spice(content: string): string {
    const dice = this.#random.next();
    if (dice >= 0.25) return content;
    const action = dice < 0.13 ? "hold" : (ACTIONS[this.#random.below(ACTIONS.length)] ?? "hold");
    return `${content}, ${RULED[action]}`;
  }

  #resolve(by: SimClient): boolean {
    const waiting = this.#clients.flatMap(heldOf);
    const held = waiting[this.#random.below(waiting.length)];
    if (held === undefined) return false;
    by.request(held.room, { kind: "resolve_held", heldId: held.id, approve: this.#random.next() < 0.6 });
    return true;
  }
}

/** What this client knows to have waited once: its own messages, and those that it was told of. */
function heldOf({ requests, notices }: SimClient): readonly { readonly room: RoomId; readonly id: MessageId }[] {
  const own = requests.flatMap(({ room, answers }) =>
    answers.flatMap((answer) =>
      answer.kind === "ack" && answer.held === true && answer.messageId !== undefined
        ? [{ room, id: answer.messageId }]
        : [],
    ),
  );
  const told = notices.flatMap(({ roomId: room, what, heldId: id }) =>
    what === "held" && id !== undefined ? [{ room, id }] : [],
  );
  return [...own, ...told].slice(-KNOWN_MAX);
}

const KNOWN_MAX = 12;
