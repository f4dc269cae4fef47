/** What an address may be that people give for a picture or a file. */

/**
 * An http or https address, or a path on the same server: nothing that a browser would run, or read as another server's name
 * (`//host`, `/\host`, and with a tab between). Without flags, for schemas.
 */
export const LINK_PATTERN = "^(?:[hH][tT][tT][pP][sS]?://[^\\s]|/(?![/\\\\]))[^\\u0000-\\u001f\\u007f]*$";
const LINK = new RegExp(LINK_PATTERN);

export function isLink(text: string): boolean {
  return LINK.test(text);
}
