import { expect, test } from "bun:test";
import { deviceKind } from "../../../../src/edge/rest/user-agent.ts";

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36";

test.each([
  [chrome, { type: "web", platform: "browser", version: "128.0.0.0" }],
  [`${chrome} Edg/128.1`, { type: "web", platform: "browser", version: "128.1" }],
  [
    "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    { type: "web", platform: "browser", version: "17.5" },
  ],
  ["ChatApp/3.2.1 (iPhone; iOS 18.0)", { type: "mobile", platform: "ios", version: "3.2.1" }],
  ["ChatApp/4.0 (Android 15)", { type: "mobile", platform: "android", version: "4.0" }],
  [`${chrome} Electron/31.2.0`, { type: "desktop", platform: "electron", version: "31.2.0" }],
  ["curl/8.5.0", { type: "unknown", platform: "curl", version: "8.5.0" }],
  ["", { type: "unknown", platform: "unknown", version: null }],
])("%s", (userAgent, expected) => {
  expect(deviceKind(userAgent)).toEqual(expected as ReturnType<typeof deviceKind>);
});
