/** A new poll: a question, two to ten answers. */
import { useSignal } from "@preact/signals";
import { Button, IconButton } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Check, Field } from "../ui/field.tsx";
import { Foot } from "./create-dialogs.tsx";
import { session } from "./session.ts";

const OPTIONS_MAX = 10;

export function PollDialog({ roomId, onClose }: { readonly roomId: string; readonly onClose: () => void }) {
  const question = useSignal("");
  const options = useSignal<readonly string[]>(["", ""]);
  const multiple = useSignal(false);
  const anonymous = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const change = (at: number, text: string): void => {
    options.value = options.value.map((one, i) => (i === at ? text : one));
  };
  const make = (event: Event): void => {
    event.preventDefault();
    const given = options.value.map((text) => text.trim()).filter((text) => text !== "");
    if (question.value.trim() === "" || given.length < 2) {
      error.value = "A poll needs a question and two answers.";
      return;
    }
    session()
      .client.send(roomId, "", {
        poll: {
          question: question.value.trim(),
          options: given.map((text) => ({ text })),
          ...(multiple.value && { multiple: true }),
          ...(anonymous.value && { anonymous: true }),
        },
      })
      .catch(() => undefined);
    onClose();
  };
  return (
    <Dialog title="New poll" onClose={onClose} foot={<Foot form="poll" action="Ask" onClose={onClose} />}>
      <form id="poll" onSubmit={make}>
        <Field
          label="Question"
          autofocus
          maxLength={300}
          error={error.value}
          value={question.value}
          onInput={(event) => {
            question.value = event.currentTarget.value;
            error.value = undefined;
          }}
        />
        <fieldset class="poll-fields">
          <legend class="field-label">Answers</legend>
          {options.value.map((text, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an answer has nothing else to be known by
            <div class="row" key={at}>
              <input
                class="input grow"
                aria-label={`Answer ${at + 1}`}
                placeholder={`Answer ${at + 1}`}
                maxLength={100}
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
            <Button
              small
              kind="quiet"
              icon="add"
              onClick={() => {
                options.value = [...options.value, ""];
              }}
            >
              Another answer
            </Button>
          )}
        </fieldset>
        <Check
          label="Several answers may be chosen"
          checked={multiple.value}
          onChange={(checked) => {
            multiple.value = checked;
          }}
        />
        <Check
          label="Nobody sees who chose what"
          checked={anonymous.value}
          onChange={(checked) => {
            anonymous.value = checked;
          }}
        />
      </form>
    </Dialog>
  );
}
