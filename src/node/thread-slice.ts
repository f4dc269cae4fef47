/**
 * How long a thread runs in one piece. A lower priority takes time away from a thread, but does not make room at once: it runs on until its
 * slice is over, and whoever woke meanwhile waits. Linux 6.12 and later know a slice for each thread, and one that wakes with a shorter slice
 * goes before one that runs in a longer one; what each gets in the end stays the same.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { getPriority } from "node:os";

/** The longest that the kernel takes. */
export const LONG_SLICE_NS = 100_000_000;
/** `sched_setattr`, by processor. */
const CALL_NUMBERS: Readonly<Record<string, number>> = { x64: 314, arm64: 274 };
/** What the kernel calls `struct sched_attr`, its first version, and where it has what. */
const ATTR_BYTES = 48;
const AT = { size: 0, flags: 8, niceness: 16, runtime: 24 } as const;
/** Whoever gave the server another policy means it. */
const KEEP_POLICY = 0x08n;

const SIGNATURE = {
  syscall: { args: [FFIType.i64, FFIType.i64, FFIType.ptr, FFIType.i64], returns: FFIType.i64 },
} as const;
let library: ReturnType<typeof dlopen<typeof SIGNATURE>> | undefined;

/** Whether it is so now. Where the kernel is older, or told to refuse, or where there is no glibc, the thread stays as it is. */
export function runInLongSlices(thread: number): boolean {
  const number = CALL_NUMBERS[process.arch];
  if (number === undefined) return false;
  const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
  attr.setUint32(AT.size, ATTR_BYTES, true);
  attr.setBigUint64(AT.flags, KEEP_POLICY, true);
  attr.setBigUint64(AT.runtime, BigInt(LONG_SLICE_NS), true);
  try {
    attr.setInt32(AT.niceness, getPriority(thread), true);
    library ??= dlopen("libc.so.6", SIGNATURE);
    return library.symbols.syscall(number, thread, ptr(attr.buffer), 0) === 0n;
  } catch {
    return false;
  }
}
