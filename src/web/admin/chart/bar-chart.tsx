/** Bars for parts of time: hours, days. */
import { useState } from "preact/hooks";
import { short } from "../format.ts";
import { ticksTo } from "./scale.ts";
import { useWidth } from "./use-width.ts";

export interface Bar {
  /** Under the bar, where there is room. */
  readonly name: string;
  /** Where the pointer is. */
  readonly about: string;
  readonly value: number;
}
export interface BarChartProps {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly unit: string;
  /** In the place of the sum, where that would say nothing. */
  readonly note?: string;
  /** How many names fit. */
  readonly names?: number;
}

const HEIGHT = 168;
const LEFT = 44;
const RIGHT = 18;
const TOP = 10;
const BOTTOM = 22;

export function BarChart({ title, bars, unit, note, names = 8 }: BarChartProps) {
  const [place, setPlace] = useState<number | undefined>(undefined);
  const ticks = ticksTo(Math.max(0, ...bars.map(({ value }) => value)), true);
  const top = ticks.at(-1) || 1;
  const [box, width] = useWidth<SVGSVGElement>();
  const step = (width - LEFT - RIGHT) / Math.max(1, bars.length);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const every = Math.max(1, Math.ceil(bars.length / names));
  const total = bars.reduce((sum, { value }) => sum + value, 0);
  const shown = place === undefined ? undefined : bars[place];
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <span class="chart-title">{title}</span>
        <span class="legend">
          {shown === undefined ? (
            <span class="legend-name">{note ?? `${short(total)} ${unit} in all`}</span>
          ) : (
            <span class="legend-entry">
              <span class="legend-time">{shown.about}</span>
              <b>
                {short(shown.value)} {unit}
              </b>
            </span>
          )}
        </span>
      </figcaption>
      <svg
        ref={box}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${title}: ${bars.map(({ about, value }) => `${about} ${value}`).join(", ")}`}
        onPointerLeave={() => setPlace(undefined)}
      >
        <g class="grid">
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
              <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                {short(tick)}
              </text>
            </g>
          ))}
        </g>
        {bars.map(({ name, value }, i) => (
          <g key={name + String(i)} class={place === i ? "bar bar-on" : "bar"} onPointerEnter={() => setPlace(i)}>
            <rect class="bar-room" x={LEFT + i * step} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} />
            <rect
              x={LEFT + i * step + step * 0.14}
              y={y(value)}
              width={step * 0.72}
              height={Math.max(0, HEIGHT - BOTTOM - y(value))}
              rx={Math.min(3, step * 0.2)}
            />
            {(bars.length - 1 - i) % every === 0 && (
              <text x={LEFT + (i + 0.5) * step} y={HEIGHT - 6} text-anchor="middle">
                {name}
              </text>
            )}
          </g>
        ))}
      </svg>
    </figure>
  );
}
