/** What the kernel knows about a process: CPU time of all its threads, resident memory. Linux only (`/proc`). */
import { readFileSync } from "node:fs";

/** Clock ticks per second of `/proc/<pid>/stat`: fixed at 100 for user space on Linux. */
const TICKS_PER_SECOND = 100;

/** User and system time of all threads since the start, milliseconds (in steps of 10). */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in parentheses may hold spaces: count fields from behind it. utime is field 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
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
