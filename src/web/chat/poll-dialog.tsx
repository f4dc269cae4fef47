/** A new poll: a question, two to twenty answers. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Button, IconButton } from "../ui/button.tsx";
import { Check, Field } from "../ui/field.tsx";
import { FormDialog, Refusing } from "../ui/form-dialog.tsx";
import { session } from "./session.ts";

const QUESTION_LENGTH_MAX = 300;
const OPTION_LENGTH_MAX = 120;
const OPTIONS_MAX = 20;

export function PollDialog({ roomId, onClose }: { readonly roomId: string; readonly onClose: () => void }) {
  const question = useSignal("");
  const options = useSignal<readonly string[]>(["", ""]);
  const multiple = useSignal(false);
  const anonymous = useSignal(false);
  const answers = useRef<HTMLFieldSetElement>(null);
  const change = (at: number, text: string): void => {
    options.value = options.value.map((one, i) => (i === at ? text : one));
  };
  const add = (): void => {
    options.value = [...options.value, ""];
    requestAnimationFrame(() => [...(answers.current?.querySelectorAll("input") ?? [])].at(-1)?.focus());
  };
  const make = (): void => {
    const given = options.value.map((text) => text.trim()).filter((text) => text !== "");
    if (question.value.trim() === "") throw new Refusing("A poll needs a question.", "question");
    if (given.length < 2) throw new Refusing("A poll needs two answers at least.");
    if (new Set(given).size < given.length) throw new Refusing("Two of the answers are the same.");
    // What was refused stands behind the messages, with the reason.
    const poll = {
      question: question.value.trim(),
      options: given.map((text) => ({ text })),
      ...(multiple.value && { multiple: true }),
      ...(anonymous.value && { anonymous: true }),
    };
    session()
      .client.send(roomId, "", { poll })
      .catch(() => undefined);
  };
  return (
    <FormDialog title="New poll" action="Ask" submit={make} onClose={onClose}>
      <Field label="Question" name="question" autofocus maxLength={QUESTION_LENGTH_MAX} of={question} />
      <fieldset class="poll-fields" ref={answers}>
        <legend class="field-label">Answers</legend>
        {options.value.map((text, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an answer has nothing else to be known by
          <div class="row" key={at}>
            <input
              class="input grow"
              aria-label={`Answer ${at + 1}`}
              placeholder={`Answer ${at + 1}`}
              maxLength={OPTION_LENGTH_MAX}
              value={text}
              onInput={(event) => change(at, event.currentTarget.value)}
            />
            {options.value.length > 2 && (
              <IconButton
                icon="close"
                small
                label={`Remove answer ${at + 1}`}
                onClick={() => {
                  options.value = options.value.filter((_, i) => i !== at);
                }}
              />
            )}
          </div>
        ))}
        {options.value.length < OPTIONS_MAX && (
          <Button small kind="quiet" icon="add" onClick={add}>
            Another answer
          </Button>
        )}
      </fieldset>
      <Check label="Several answers may be chosen" of={multiple} />
      <Check label="Nobody sees who chose what" of={anonymous} />
    </FormDialog>
  );
}
