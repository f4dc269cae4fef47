/**
 * What a file is, by its first bytes: what its sender and its name say decides only among things that look alike and do no
 * more harm than the others. Invariant: what a browser would run as a page is never called anything else.
 */

/** So many bytes are looked at. */
export const HEAD_BYTES = 4_096;
export const UNKNOWN_TYPE = "application/octet-stream";

/** `at`: where the bytes stand. */
type Sign = readonly [type: string, bytes: string | readonly number[], at?: number];

const SIGNS: readonly Sign[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", "GIF87a"],
  ["image/gif", "GIF89a"],
  ["image/webp", "WEBP", 8],
  ["image/bmp", "BM"],
  ["image/tiff", [0x49, 0x49, 0x2a, 0x00]],
  ["image/tiff", [0x4d, 0x4d, 0x00, 0x2a]],
  ["image/x-icon", [0x00, 0x00, 0x01, 0x00]],
  ["image/avif", "ftypavif", 4],
  ["image/avif", "ftypavis", 4],
  ["image/heic", "ftypheic", 4],
  ["image/heic", "ftypheix", 4],
  ["image/heif", "ftypmif1", 4],
  ["audio/mp4", "ftypM4A ", 4],
  ["video/quicktime", "ftypqt  ", 4],
  ["video/3gpp", "ftyp3g", 4],
  ["video/mp4", "ftyp", 4],
  ["video/webm", [0x1a, 0x45, 0xdf, 0xa3]],
  ["video/x-msvideo", "AVI ", 8],
  ["video/x-flv", "FLV\u0001"],
  ["video/mpeg", [0x00, 0x00, 0x01, 0xba]],
  ["audio/ogg", "OggS"],
  ["audio/mpeg", "ID3"],
  ["audio/wav", "WAVE", 8],
  ["audio/flac", "fLaC"],
  ["audio/midi", "MThd"],
  ["audio/amr", "#!AMR"],
  ["application/pdf", "%PDF-"],
  ["application/zip", [0x50, 0x4b, 0x03, 0x04]],
  ["application/zip", [0x50, 0x4b, 0x05, 0x06]],
  ["application/gzip", [0x1f, 0x8b]],
  ["application/x-7z-compressed", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ["application/vnd.rar", "Rar!\u001a\u0007"],
  ["application/x-xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["application/zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["application/x-msi", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
  ["application/x-msdownload", "MZ"],
  ["application/x-executable", [0x7f, 0x45, 0x4c, 0x46]],
  ["application/wasm", [0x00, 0x61, 0x73, 0x6d]],
];

/** These are told apart by what their sender says. */
const ALIKE: Readonly<Record<string, RegExp>> = {
  "application/zip":
    /^application\/(vnd\.openxmlformats-officedocument\.[a-z.]+|vnd\.oasis\.opendocument\.[a-z]+|epub\+zip|java-archive|vnd\.android\.package-archive|x-zip-compressed)$/,
  "application/x-msi": /^application\/(msword|vnd\.ms-(excel|powerpoint|outlook)|x-msi)$/,
  "video/webm": /^(video\/(x-matroska|webm)|audio\/(webm|x-matroska))$/,
  "video/mp4": /^(video\/(mp4|x-m4v)|audio\/mp4)$/,
  "audio/ogg": /^(audio\/(ogg|opus)|video\/ogg)$/,
  "text/plain":
    /^(text\/(plain|csv|markdown|tab-separated-values|calendar|vcard|x-[a-z.+-]+)|application\/(json|x-ndjson|yaml|toml))$/,
};

/** Without parameters, in small letters. */
export function plainType(type: string): string {
  return (type.split(";", 1)[0] ?? "").trim().toLowerCase();
}

export function mediaTypeOf(head: Uint8Array, declared: string): string {
  const found = bySigns(head) ?? byText(head);
  const said = plainType(declared);
  return ALIKE[found]?.test(said) === true ? said : found;
}

/** Says that it is a picture, a sound or a film, and is not even nearly one. */
export function contradicts(declared: string, found: string): boolean {
  const said = plainType(declared);
  const family = said.slice(0, said.indexOf("/") + 1);
  if (family !== "image/" && family !== "audio/" && family !== "video/") return false;
  return !found.startsWith(family);
}

/** What a browser may show in place; everything else it is to save. */
export function isShownInPlace(type: string): boolean {
  return /^(image|audio|video)\//.test(type) && type !== "image/svg+xml";
}

function bySigns(head: Uint8Array): string | undefined {
  const found = SIGNS.find(([, bytes, at = 0]) => startsWith(head, bytes, at))?.[0];
  if (found !== undefined) return isRiff(found) && !startsWith(head, "RIFF", 0) ? undefined : found;
  // A frame of MPEG audio: eleven bits, then a version, a layer and a rate that exist.
  const [a = 0, b = 0, c = 0] = head;
  const isFrame = a === 0xff && (b & 0xe0) === 0xe0 && (b & 0x18) !== 0x08 && (c & 0xf0) !== 0xf0;
  // Layer I is nobody's, and looks like the mark of text in two bytes a letter.
  if (!isFrame || (b & 0x06) === 0x06) return undefined;
  return (b & 0x06) === 0 ? "audio/aac" : "audio/mpeg";
}

function isRiff(type: string): boolean {
  return type === "image/webp" || type === "video/x-msvideo" || type === "audio/wav";
}

function startsWith(head: Uint8Array, bytes: string | readonly number[], at: number): boolean {
  if (head.length < at + bytes.length) return false;
  for (let i = 0; i < bytes.length; i += 1) {
    if (head[at + i] !== (typeof bytes === "string" ? bytes.charCodeAt(i) : bytes[i])) return false;
  }
  return true;
}

const MARKUP = /^(?:\ufeff|\s|<!--[\s\S]*?(?:-->|$)|<\?xml[\s\S]*?(?:\?>|$)|<!doctype\s+(?!html)[\s\S]*?(?:>|$))*</i;

function byText(head: Uint8Array): string {
  const text = textOf(head);
  if (text === undefined) return UNKNOWN_TYPE;
  if (/<svg[\s>:]/i.test(text)) return "image/svg+xml";
  if (!MARKUP.test(text)) return "text/plain";
  if (
    /<(?:!doctype\s+html|html|head|body|script|iframe|style|title|link|meta|object|embed|img|a|p|div|table|form)\b/i.test(
      text,
    )
  ) {
    return "text/html";
  }
  return "application/xml";
}

/** `undefined`: it has bytes that no text has. A letter that the end cuts in two is none of these. */
function textOf(head: Uint8Array): string | undefined {
  const [a, b] = head;
  const label = a === 0xff && b === 0xfe ? "utf-16le" : "utf-8";
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(head, { stream: true });
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code < 9 || (code > 13 && code < 32 && code !== 27)) return undefined;
    }
    return text;
  } catch {
    return undefined;
  }
}
