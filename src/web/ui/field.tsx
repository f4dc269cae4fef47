/** A labelled field with its hint and its error, both told to those who do not see them. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface Common {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
}
type InputProps = Omit<JSX.IntrinsicElements["input"], "class" | "id" | "label"> & Common;

export function Field({ label, hint, error, ...rest }: InputProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <input {...rest} id={id} class="input" {...described(id, hint, error)} />
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

type AreaProps = Omit<JSX.IntrinsicElements["textarea"], "class" | "id" | "label"> & Common;

export function TextArea({ label, hint, error, ...rest }: AreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <textarea rows={3} {...rest} id={id} class="input" {...described(id, hint, error)} />
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

export interface SelectProps extends Common {
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
  readonly disabled?: boolean;
}

export function Select({ label, hint, error, value, options, onChange, disabled }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <select
        id={id}
        class="input"
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.value)}
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
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export function Check({ label, hint, checked, onChange, disabled }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
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

function Below({
  id,
  hint,
  error,
}: {
  readonly id: string;
  readonly hint: ComponentChildren;
  readonly error?: string | undefined;
}) {
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
