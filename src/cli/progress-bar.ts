/** How far a long command is: a bar where somebody watches, a line now and then where the output goes to a file. */
const CELLS = 24;
const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5_000;

export interface BarOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressBar {
  readonly #output: BarOutput;
  readonly #unit: string;
  readonly #nowMs: () => number;
  #startMs: number | undefined;
  #startDone = 0;
  #shownMs = Number.NEGATIVE_INFINITY;

  /** `unit`: of what there are so many, in the plural. */
  constructor(unit: string, output: BarOutput = process.stderr, nowMs: () => number = () => performance.now()) {
    this.#unit = unit;
    this.#output = output;
    this.#nowMs = nowMs;
  }

  /** Shown when enough time has passed since the last time, and at the end. */
  update(done: number, total: number): void {
    const nowMs = this.#nowMs();
    if (this.#startMs === undefined) {
      this.#startMs = nowMs;
      this.#startDone = done;
    }
    const intervalMs = this.#output.isTTY === true ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
    if (nowMs - this.#shownMs < intervalMs && done < total) return;
    this.#shownMs = nowMs;
    this.#show(done, total, nowMs - this.#startMs);
  }

  /** The line is free for what comes next. */
  clear(): void {
    if (this.#output.isTTY === true) this.#output.write("\r\u001b[K");
  }

  #show(done: number, total: number, elapsedMs: number): void {
    const share = total === 0 ? 1 : done / total;
    const made = done - this.#startDone;
    const left = made === 0 || done >= total ? "" : `, ${duration(((total - done) * elapsedMs) / made)} left`;
    const text = `${Math.floor(share * 100)} %  ${count(done)} of ${count(total)} ${this.#unit}${left}`;
    if (this.#output.isTTY !== true) {
      this.#output.write(`${text}\n`);
      return;
    }
    const cells = Math.floor(share * CELLS);
    this.#output.write(`\r[${"#".repeat(cells)}${".".repeat(CELLS - cells)}] ${text}\u001b[K`);
  }
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3_600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
