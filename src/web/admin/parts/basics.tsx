/** Small parts that every view is made of. */
import type { ComponentChildren } from "preact";
import { Button } from "../../ui/button.tsx";
import { Field, Select } from "../../ui/field.tsx";
import type { Loaded } from "../live.ts";

export type Tone = "good" | "warn" | "bad" | "quiet";

export function Pill({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`pill pill-${tone}`}>{children}</span>;
}

interface TextProps {
  readonly name: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly placeholder?: string;
  readonly hint?: string;
  readonly type?: "text" | "password" | "search";
}

/** A line of text; ids and words, so nobody corrects or completes them. */
export function Text({ name, onInput, ...rest }: TextProps) {
  return (
    <Field
      label={name}
      maxLength={1_000}
      spellcheck={false}
      autoComplete="off"
      {...rest}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, name: string])[];
  readonly onChange: (value: string) => void;
}

export function Choice({ name, options, ...rest }: ChoiceProps) {
  return <Select label={name} options={options.map(([value, label]) => ({ value, label }))} {...rest} />;
}

interface CardProps {
  readonly title?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly isFlush?: boolean;
}

export function Card({ title, actions, children, isFlush = false }: CardProps) {
  return (
    <section class={isFlush ? "card card-flush" : "card"}>
      {(title !== undefined || actions !== undefined) && (
        <header class="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {actions !== undefined && <div class="card-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="nothing">{children}</p>;
}

/** Nothing yet, what went wrong, or what was read: never a blank page. */
export function Load<Data>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<Data>;
  readonly children: (data: Data) => ComponentChildren;
}) {
  const { data, failure, reload } = loaded;
  return (
    <>
      {failure !== undefined && (
        <div class="notice is-bad" role="alert">
          <span>{failure.message}</span>
          <Button onClick={reload}>Try again</Button>
        </div>
      )}
      {data !== undefined && children(data)}
      {data === undefined && failure === undefined && <p class="nothing">Reading …</p>}
    </>
  );
}

/** Names and values, one under the other: `Fact`s. */
export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly tone?: Tone;
  readonly children?: ComponentChildren;
}

/** One figure, large. */
export function Tile({ name, value, note, tone, children }: TileProps) {
  return (
    <div class={tone === undefined ? "tile" : `tile tile-${tone}`}>
      <span class="tile-name">{name}</span>
      <strong class="tile-value">{value}</strong>
      {note !== undefined && <span class="tile-note">{note}</span>}
      {children}
    </div>
  );
}

interface ActProps {
  readonly name: string;
  readonly what: string;
  readonly onClick: () => void;
  readonly isDanger?: boolean;
  readonly isOff?: boolean;
}

/** One line of a list of what can be done. */
export function Act({ name, what, onClick, isDanger = false, isOff = false }: ActProps) {
  return (
    <li>
      <span>{what}</span>
      <Button kind={isDanger ? "danger" : "plain"} disabled={isOff} onClick={onClick}>
        {name}…
      </Button>
    </li>
  );
}

/** What can be done with a row, at its end. */
export function RowActs({ children }: { readonly children: ComponentChildren }) {
  return <span class="row-acts">{children}</span>;
}
