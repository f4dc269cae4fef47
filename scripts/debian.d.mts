/** Installs what is missing, as root on Debian; answers what is still missing and how to get it. */
export function ensurePrograms(programs: readonly ("redis-server" | "java" | "spin" | "cc")[]): string | undefined;
