/**
 * A table to work with: one row at a time has the focus, arrows move it, Enter opens it. Below it the pages, where there are several.
 */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { Nothing } from "./basics.tsx";

export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Left out where there is little room. */
  readonly isMinor?: boolean;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly open?: (row: Row) => void;
  readonly empty: ComponentChildren;
}

export function Table<Row>({ label, columns, rows, keyOf, open, empty }: TableProps<Row>) {
  const [focused, setFocused] = useState(0);
  if (rows.length === 0) return <Nothing>{empty}</Nothing>;
  const current = Math.min(focused, rows.length - 1);
  const keys = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }, row: Row): void => {
    // Buttons in a row have keys of their own.
    if (event.target !== event.currentTarget) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open?.(row);
    }
    const sibling = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (sibling === undefined) return;
    event.preventDefault();
    const other = event.currentTarget[sibling as "nextElementSibling"];
    if (other instanceof HTMLElement) other.focus();
  };
  return (
    // Where it is wider than the screen, and no row is a stop, keys scroll it.
    <section class="table-room" tabIndex={open === undefined ? 0 : undefined} aria-label={label}>
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ name, isNumber, isMinor }) => (
              <th key={name} scope="col" class={classOf(isNumber, isMinor)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr
              key={keyOf(row)}
              class={open === undefined ? undefined : "row-open"}
              tabIndex={open === undefined ? undefined : i === current ? 0 : -1}
              onFocus={() => setFocused(i)}
              onClick={open && (() => open(row))}
              onKeyDown={open && ((event) => keys(event, row))}
            >
              {columns.map(({ name, show, isNumber, isMinor }) => (
                <td key={name} class={classOf(isNumber, isMinor)}>
                  {show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function classOf(isNumber = false, isMinor = false): string | undefined {
  const names = [isNumber ? "cell-number" : "", isMinor ? "cell-minor" : ""].filter((name) => name !== "");
  return names.length === 0 ? undefined : names.join(" ");
}

/** Where pages begin: one after the other, and back. */
export interface Pages {
  /** `undefined`: the first one. */
  readonly after: string | undefined;
  readonly number: number;
  readonly next: (after: string) => void;
  readonly back: () => void;
  readonly restart: () => void;
}

export function usePages(): Pages {
  const [starts, setStarts] = useState<readonly string[]>([]);
  return {
    after: starts.at(-1),
    number: starts.length + 1,
    next: (after) => setStarts((before) => [...before, after]),
    back: () => setStarts((before) => before.slice(0, -1)),
    restart: () => setStarts([]),
  };
}

interface PagerProps {
  readonly pages: Pages;
  /** `undefined`: this is the last one. */
  readonly next: string | undefined;
  readonly note?: ComponentChildren;
}

export function Pager({ pages, next, note }: PagerProps) {
  if (pages.number === 1 && next === undefined && note === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <span class="pager-note">{note}</span>
      {(pages.number > 1 || next !== undefined) && (
        <>
          <Button disabled={pages.number === 1} onClick={pages.back}>
            ← Back
          </Button>
          <span>Page {pages.number}</span>
          <Button disabled={next === undefined} onClick={() => next !== undefined && pages.next(next)}>
            Next →
          </Button>
        </>
      )}
    </nav>
  );
}
