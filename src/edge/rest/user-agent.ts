/** What kind of device a connection comes from, as far as its user agent tells. Pure. */

export interface DeviceKind {
  readonly type: "web" | "mobile" | "desktop" | "unknown";
  /** `browser`, `ios`, `android`, or the program's own name. */
  readonly platform: string;
  /** Of the program, where it says so. */
  readonly version: string | null;
}

/** Browsers pretend to be one another: the last of these that is named is the one that it is. */
const BROWSERS = ["Safari", "Chrome", "Firefox", "OPR", "Edg"] as const;
const PROGRAM = /^([\w.-]{1,40})\/([\w.-]{1,20})/;

export function deviceKind(userAgent: string): DeviceKind {
  if (/iphone|ipad|\bios\b/i.test(userAgent)) return { type: "mobile", platform: "ios", version: versionIn(userAgent) };
  if (/android/i.test(userAgent)) return { type: "mobile", platform: "android", version: versionIn(userAgent) };
  const program = PROGRAM.exec(userAgent);
  if (/electron\//i.test(userAgent)) return { type: "desktop", platform: "electron", version: versionIn(userAgent) };
  if (program?.[1] === "Mozilla") return { type: "web", platform: "browser", version: versionIn(userAgent) };
  if (program === null) return { type: "unknown", platform: "unknown", version: null };
  return { type: "unknown", platform: program[1] ?? "unknown", version: program[2] ?? null };
}

function versionIn(userAgent: string): string | null {
  const named = userAgent.match(/^(?!Mozilla)[\w.-]{1,40}\/([\w.-]{1,20})/)?.[1];
  if (named !== undefined) return named;
  let version: string | null = userAgent.match(/Version\/([\w.]{1,20})/)?.[1] ?? null;
  for (const browser of BROWSERS) {
    const found = userAgent.match(new RegExp(`\\b${browser}\\/([\\w.]{1,20})`))?.[1];
    if (found !== undefined && (browser !== "Safari" || version === null)) version = found;
  }
  return userAgent.match(/electron\/([\w.]{1,20})/i)?.[1] ?? version;
}
