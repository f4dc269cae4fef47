/** What the kernel knows about a process: CPU time of all its threads, resident memory. Linux only (`/proc`). */
import { closeSync, fdatasyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";

/** Clock ticks per second of `/proc/<pid>/stat`: fixed at 100 for user space on Linux. */
const TICKS_PER_SECOND = 100;

/** User and system time of all threads since the start, milliseconds (in steps of 10). */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in parentheses may hold spaces: count fields from behind it. utime is field 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

export interface ThreadCpu {
  /** As the thread calls itself; the kernel keeps 15 characters. */
  readonly name: string;
  readonly ns: number;
}

/** CPU time of each living thread by its id; of one that runs just now up to its last tick, some milliseconds ago. */
export function threadCpuOf(pid: number): Map<number, ThreadCpu> {
  const threads = new Map<number, ThreadCpu>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const folder = `/proc/${pid}/task/${id}`;
      const ns = Number(readFileSync(`${folder}/schedstat`, "latin1").split(" ", 1)[0]);
      threads.set(Number(id), { name: readFileSync(`${folder}/comm`, "latin1").trim(), ns });
    } catch {
      // It ended between the two looks.
    }
  }
  return threads;
}

export function rssBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const match = /^VmRSS:\s+(\d+) kB/m.exec(status);
  return Number(match?.[1] ?? 0) * 1024;
}

/** One line that tells which machine it was. */
export function machineLine(): string {
  const cpu = /model name\s*:\s*(.+)/.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1] ?? "unknown CPU";
  const kiB = Number(/MemTotal:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "latin1"))?.[1] ?? 0);
  const kernel = readFileSync("/proc/sys/kernel/osrelease", "latin1").trim();
  const gib = Math.round(kiB / 1024 / 1024);
  return `${navigator.hardwareConcurrency} × ${cpu.trim()}, ${gib} GiB, Linux ${kernel}, Bun ${Bun.version}`;
}

const SYNCS = 100;
const SYNC_BYTES = 4_096;

/** Median time of appending a page to a file and waiting until the disk has it: the floor of any durable latency. */
export function diskSyncUs(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `sync-${process.pid}`);
  const file = openSync(path, "w");
  const page = new Uint8Array(SYNC_BYTES);
  const times: number[] = [];
  for (let i = 0; i < SYNCS; i += 1) {
    const beganMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    times.push((performance.now() - beganMs) * 1000);
  }
  closeSync(file);
  rmSync(path);
  return times.toSorted((a, b) => a - b)[SYNCS / 2] ?? Number.NaN;
}

/** What else the machine was doing in the last minute, before anything was started: processes that wanted to run. */
export function loadBefore(): number {
  return loadavg()[0] ?? Number.NaN;
}
