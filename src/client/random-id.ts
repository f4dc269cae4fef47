/** A name that nobody can guess, as far as the platform has randomness for it: pages that are not secure have no `randomUUID`. */
export function randomId(): string {
  const { crypto } = globalThis as { readonly crypto?: Partial<Crypto> };
  const bytes =
    crypto?.getRandomValues?.(new Uint8Array(16)) ?? Uint8Array.from({ length: 16 }, () => Math.random() * 0x100);
  return crypto?.randomUUID?.() ?? Array.from(bytes, (byte) => byte.toString(36)).join("");
}
