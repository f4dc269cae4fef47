/** Has the client this already? `If-None-Match` as RFC 9110 has it: any of several, weak ones too, or `*`. */
export function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}
