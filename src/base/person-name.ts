/** What people may be called and shown as, wherever it comes from. */
import { URL_LENGTH_MAX, USER_NAME_LENGTH_MAX } from "./limits.ts";

/** 1 to `USER_NAME_LENGTH_MAX` characters, and no control characters. Blanks at its ends are not for names. */
export function isPersonName(name: string): boolean {
  const length = [...name].length;
  return length > 0 && length <= USER_NAME_LENGTH_MAX && name.isWellFormed() && !/\p{Cc}/u.test(name);
}

/** An http or https address. */
export function isPictureAddress(address: string): boolean {
  if (address.length > URL_LENGTH_MAX || !URL.canParse(address)) return false;
  return ["http:", "https:"].includes(new URL(address).protocol);
}
