/** Where values stand in a chart. */

/** Round numbers from 0 to at least `max`: where an axis has its lines. */
export function ticksTo(max: number, isWhole = false, wanted = 4): readonly number[] {
  if (!(max > 0)) return [0];
  const rough = isWhole ? Math.max(1, max / wanted) : max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => factor * power);
  const step = steps.find((one) => one >= rough && (!isWhole || Number.isInteger(one))) ?? rough;
  const ticks: number[] = [];
  for (let i = 0; ; i += 1) {
    // Not by adding: 0.1 + 0.2 is no round number.
    const tick = Number((i * step).toPrecision(12));
    ticks.push(tick);
    if (tick >= max) return ticks;
  }
}

/** A line of a chart as an SVG path; `undefined` values leave a gap. */
export function linePath(points: readonly (readonly [x: number, y: number | undefined])[]): string {
  let path = "";
  let isDown = false;
  for (const [x, y] of points) {
    if (y === undefined) {
      isDown = false;
      continue;
    }
    path += `${isDown ? "L" : "M"}${rounded(x)} ${rounded(y)}`;
    isDown = true;
  }
  return path;
}

/** The index of what is nearest to `wanted` in an ascending list; −1 in an empty one. */
export function nearest(ascending: readonly number[], wanted: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  const before = ascending[low - 1];
  if (before !== undefined && wanted - before < (ascending[low] ?? Number.POSITIVE_INFINITY) - wanted) return low - 1;
  return ascending.length === 0 ? -1 : low;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
