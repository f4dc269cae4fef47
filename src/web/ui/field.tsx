/** A labelled field with its hint and its error, both told to those who do not see them. `of`: the signal that holds what is typed. */
import type { Signal } from "@preact/signals";
import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useId } from "preact/hooks";

/** Why what was sent is refused; `field` is the name of the one that it is about. */
export interface Refusal {
  readonly field?: string | undefined;
  readonly text: string;
}
/** Of the form around: the field that it names shows it. */
export const Refused = createContext<Refusal | undefined>(undefined);

interface Common {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
}
type Typed<Tag extends "input" | "textarea"> = Omit<JSX.IntrinsicElements[Tag], "class" | "id" | "label" | "name"> &
  Common & { readonly name?: string; readonly of?: Signal<string> };

/** From this part of what is allowed on it is said how much there is. */
const NEAR_THE_END = 0.9;

export function Field(props: Typed<"input">) {
  return <Line as="input" {...props} />;
}

export function TextArea(props: Typed<"textarea">) {
  return <Line as="textarea" rows={3} {...(props as object as Typed<"input">)} />;
}

type LineProps = Typed<"input"> & { readonly as: "input" | "textarea"; readonly rows?: number };

function Line({ as: Tag, label, hint, error, of, ...rest }: LineProps) {
  const id = useId();
  const refused = useContext(Refused);
  const shown = error ?? (rest.name !== undefined && refused?.field === rest.name ? refused.text : undefined);
  const value = of === undefined ? rest.value : of.value;
  const input = of !== undefined && {
    value,
    onInput: (event: { readonly currentTarget: { readonly value: string } }) => {
      of.value = event.currentTarget.value;
    },
  };
  const maximum = Number(rest.maxLength ?? 0);
  const length = typeof value === "string" ? value.length : 0;
  const left = maximum > 0 && length >= maximum * NEAR_THE_END ? `${length} of ${maximum} characters` : undefined;
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <Tag {...(rest as object)} {...input} id={id} class="input" {...described(id, left ?? hint, shown)} />
      <Below id={id} hint={left ?? hint} error={shown} />
    </div>
  );
}

export interface SelectProps extends Common {
  readonly of?: Signal<string>;
  readonly value?: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange?: (value: string) => void;
  readonly disabled?: boolean;
}

export function Select({ label, hint, error, of, value, options, onChange, disabled }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <select
        id={id}
        class="input"
        value={of?.value ?? value}
        disabled={disabled}
        onChange={(event) => {
          if (of !== undefined) of.value = event.currentTarget.value;
          onChange?.(event.currentTarget.value);
        }}
        {...described(id, hint, error)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

export interface CheckProps {
  readonly label: string;
  readonly hint?: string;
  readonly of?: Signal<boolean>;
  readonly checked?: boolean;
  readonly onChange?: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export function Check({ label, hint, of, checked, onChange, disabled }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={of?.value ?? checked}
        disabled={disabled}
        onChange={(event) => {
          if (of !== undefined) of.value = event.currentTarget.checked;
          onChange?.(event.currentTarget.checked);
        }}
      />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  );
}

function described(id: string, hint: ComponentChildren, error: string | undefined) {
  return {
    "aria-invalid": error !== undefined,
    ...((hint || error) && { "aria-describedby": error ? `${id}-error` : `${id}-hint` }),
  };
}

interface BelowProps extends Omit<Common, "label"> {
  readonly id: string;
}

function Below({ id, hint, error }: BelowProps) {
  if (error)
    return (
      <p class="field-error" id={`${id}-error`} role="alert">
        {error}
      </p>
    );
  return hint ? (
    <p class="field-hint" id={`${id}-hint`}>
      {hint}
    </p>
  ) : null;
}
