/**
 * Lines over time: a small chart of our own, in SVG. It says its newest values in words to those who do not see it, and shows
 * the values of any moment under the pointer or the arrow keys.
 */
import { useState } from "preact/hooks";
import type { Series } from "../pulse-history.ts";
import { Minutes, type TimeScale } from "./minutes.tsx";
import { linePath, nearest, ticksTo } from "./scale.ts";
import { useWidth } from "./use-width.ts";

export interface Line {
  readonly name: string;
  readonly series: Series;
}
type Format = (value: number) => string;
export interface LineChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: Format;
  /** There are no halves of it. */
  readonly isWhole?: boolean;
}

/** A stop of the keyboard: the arrow keys move through its values. */
const BY_KEYS = { tabIndex: 0 } as const;
const HEIGHT = 150;
const LEFT = 54;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
/** What is shown of the past: what there is, at least and at most so much, milliseconds. */
const SPAN_MS = { min: 60_000, max: 600_000 } as const;

export function LineChart({ title, lines, format, isWhole = false }: LineChartProps) {
  const [place, setPlace] = useState<number | undefined>(undefined);
  const [box, width] = useWidth<SVGSVGElement>();
  const at = lines[0]?.series.at ?? [];
  const ticks = ticksTo(Math.max(0, ...lines.flatMap(({ series }) => series.values)), isWhole);
  const top = ticks.at(-1) || 1;
  const time = timeScale(at, width);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const move = (event: { readonly clientX: number; readonly currentTarget: Element }): void => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const share = (event.clientX - left - LEFT) / (width - LEFT - RIGHT);
    setPlace(nearest(at, time.endMs - time.spanMs * (1 - share)));
  };
  const step = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") setPlace(undefined);
    if (by === undefined || at.length === 0) return;
    event.preventDefault();
    setPlace(Math.min(at.length - 1, Math.max(0, (place ?? at.length) + by)));
  };
  const shown = place === undefined ? at.length - 1 : Math.min(place, at.length - 1);
  const shownMs = place === undefined ? undefined : at[shown];
  return (
    <figure class="chart">
      <Head title={title} lines={lines} place={shown} format={format} at={shownMs} />
      <svg
        ref={box}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        {...BY_KEYS}
        aria-label={summary(title, lines, format)}
        onPointerMove={move}
        onPointerLeave={() => setPlace(undefined)}
        onBlur={() => setPlace(undefined)}
        onKeyDown={step}
      >
        <Grid ticks={ticks} y={y} format={format} width={width} />
        <Minutes time={time} y={HEIGHT - 6} />
        {lines.map(({ name, series }, i) => (
          <path
            key={name}
            class={`line line-${i}`}
            d={linePath(series.at.map((ms, k) => [time.x(ms), y(series.values[k] ?? 0)]))}
          />
        ))}
        {shownMs !== undefined && (
          <Cross x={time.x(shownMs)} dots={lines.map(({ name, series }) => [name, y(series.values[shown] ?? 0)])} />
        )}
        {at.length === 0 && (
          <text class="chart-empty" x={width / 2} y={HEIGHT / 2}>
            waiting for the first figures …
          </text>
        )}
      </svg>
    </figure>
  );
}

/** From the first moment on, so that a server that has just started is not a line at the edge. */
function timeScale(at: readonly number[], width: number): TimeScale {
  const endMs = at.at(-1) ?? Date.now();
  const spanMs = Math.min(SPAN_MS.max, Math.max(SPAN_MS.min, endMs - (at[0] ?? endMs)));
  const x = (ms: number): number => LEFT + ((ms - (endMs - spanMs)) / spanMs) * (width - LEFT - RIGHT);
  return { endMs, spanMs, x, left: LEFT, right: width - RIGHT };
}

interface HeadProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly place: number;
  readonly format: Format;
  /** Of another moment than the newest. */
  readonly at: number | undefined;
}

function Head({ title, lines, place, format, at }: HeadProps) {
  return (
    <figcaption class="chart-head">
      <span class="chart-title">
        {title}
        {at !== undefined && <span class="legend-time">{new Date(at).toTimeString().slice(0, 8)}</span>}
      </span>
      <span class="legend">
        {lines.map(({ name, series }, i) => (
          <span key={name} class="legend-entry">
            <i class={`key key-${i}`} />
            <span class="legend-name">{name}</span>
            <b>{series.values[place] === undefined ? "–" : format(series.values[place])}</b>
          </span>
        ))}
      </span>
    </figcaption>
  );
}

interface GridProps {
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
  readonly format: Format;
  readonly width: number;
}

function Grid({ ticks, y, format, width }: GridProps) {
  return (
    <g class="grid">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
          <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
            {format(tick).replace(/\.0(?= |$)/, "")}
          </text>
        </g>
      ))}
    </g>
  );
}

interface CrossProps {
  readonly x: number;
  /** Where each line is there, by its name. */
  readonly dots: readonly (readonly [name: string, y: number])[];
}

function Cross({ x, dots }: CrossProps) {
  return (
    <g class="cross">
      <line x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} />
      {dots.map(([name, y], i) => (
        <circle key={name} class={`dot-${i}`} cx={x} cy={y} r={3} />
      ))}
    </g>
  );
}

function summary(title: string, lines: readonly Line[], format: Format): string {
  const newest = lines.map(({ name, series }) => {
    const value = series.values.at(-1);
    return `${name} ${value === undefined ? "unknown" : format(value)}`;
  });
  return `${title}, the last minutes. Now: ${newest.join(", ")}.`;
}
