/** A name that nobody can guess, as far as the platform has randomness for it: pages that are not secure have no `randomUUID`. */
export function randomId(): string {
  const { crypto } = globalThis as { readonly crypto?: Partial<Crypto> };
  if (crypto?.randomUUID !== undefined) return crypto.randomUUID();
  const bytes = new Uint8Array(16);
  if (crypto?.getRandomValues === undefined) for (const i of bytes.keys()) bytes[i] = Math.random() * 0x100;
  else crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(36)).join("");
}
