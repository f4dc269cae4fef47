/** The time under a chart: as many names as there is room for. */

export interface TimeScale {
  readonly endMs: number;
  readonly spanMs: number;
  readonly x: (ms: number) => number;
  readonly left: number;
  readonly right: number;
}

const STEPS_MS = [15_000, 30_000, 60_000, 120_000, 300_000] as const;
/** What a name takes, pixels. */
const NAME_WIDTH = 64;

export function Minutes({ time, y }: { readonly time: TimeScale; readonly y: number }) {
  const { endMs, spanMs, x, left, right } = time;
  const names = Math.max(1, Math.floor((right - left) / NAME_WIDTH));
  const every = STEPS_MS.find((step) => spanMs / step <= names) ?? 600_000;
  const first = Math.ceil((endMs - spanMs) / every) * every;
  const marks = Array.from({ length: Math.ceil(spanMs / every) + 1 }, (_, i) => first + i * every);
  const letters = every < 60_000 ? 8 : 5;
  return (
    <g class="grid">
      {marks
        .filter((ms) => x(ms) > left + 10 && x(ms) < right - 20)
        .map((ms) => (
          <text key={ms} x={x(ms)} y={y} text-anchor="middle">
            {new Date(ms).toTimeString().slice(0, letters)}
          </text>
        ))}
    </g>
  );
}
