/** A line without axes, beside a number that says what it means. */
import type { Series } from "../pulse-history.ts";
import { linePath } from "./scale.ts";

const WIDTH = 120;
const HEIGHT = 32;
/** Of the newest samples so many. */
const SAMPLES = 90;

export function Sparkline({ series }: { readonly series: Series }) {
  const values = series.values.slice(-SAMPLES);
  // Room above: a steady line is no ceiling.
  const top = Math.max(1e-9, ...values) * 1.3;
  const points = values.map((value, i): readonly [number, number] => [
    (i / Math.max(1, values.length - 1)) * WIDTH,
    HEIGHT - 2 - (value / top) * (HEIGHT - 4),
  ]);
  const line = linePath(points);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {values.length > 1 && <path class="spark-area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />}
      {values.length > 1 && <path class="spark-line" d={line} />}
    </svg>
  );
}
