/** Asks before something is done: says what will happen, wants a reason, or the name typed where it cannot be undone. */
import { useState } from "preact/hooks";
import { TextArea } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import type { Answer, Question } from "../context.ts";
import { Choice, Text } from "./basics.tsx";

export interface Asked {
  readonly question: Question;
  readonly answered: (answer: Answer | undefined) => void;
}

export function AskDialog({ question, answered }: Asked) {
  const { title, effect, verb, isDangerous = false, reason, reasonName = "Reason", isLong, retype, choices } = question;
  const [text, setText] = useState("");
  const [typed, setTyped] = useState("");
  const [choice, setChoice] = useState(choices?.options[0]?.[0] ?? "");
  const isReady = (retype === undefined || typed === retype) && (reason !== "required" || text.trim() !== "");
  const submit = (): void => {
    const given = text.trim();
    answered({ reason: given === "" ? undefined : given, choice: choices === undefined ? undefined : choice });
  };
  const name = reason === "optional" ? `${reasonName} (optional)` : reasonName;
  return (
    <FormDialog
      title={title}
      action={verb}
      isDangerous={isDangerous}
      isReady={isReady}
      submit={submit}
      onClose={() => answered(undefined)}
    >
      <p class="ask-effect">{effect}</p>
      {choices !== undefined && (
        <Choice name={choices.name} value={choice} options={choices.options} onChange={setChoice} />
      )}
      {reason !== undefined && isLong === true && (
        <TextArea
          label={name}
          rows={4}
          maxLength={4_000}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      {reason !== undefined && isLong !== true && <Text name={name} value={text} onInput={setText} />}
      {retype !== undefined && <Text name={`Type ${retype} to go on`} value={typed} onInput={setTyped} />}
    </FormDialog>
  );
}
