/** Small pictures of real ones, and of what only looks like pictures. */
import { expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import {
  THUMBNAIL_HELD_BYTES_MAX,
  THUMBNAIL_SIDE,
  THUMBNAIL_SOURCE_BYTES_MAX,
  THUMBNAILS_WAITING_MAX,
} from "../../../src/base/limits.ts";
import { heldBytes } from "../../../src/integrations/picture-memory.ts";
import { Thumbnails } from "../../../src/integrations/thumbnails.ts";

const reports: string[] = [];
const thumbnails = new Thumbnails((event) => reports.push(event));
const make = (type: string, bytes: Uint8Array) =>
  thumbnails.make(type, bytes.length, async () => new Blob([bytes as Uint8Array<ArrayBuffer>]));

/** As often as a busy machine needs: who asks waits a bounded time, and then has none. */
async function smallOf(type: string, bytes: Uint8Array): Promise<Uint8Array> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const small = await make(type, bytes);
    if (small !== undefined) return small;
  }
  throw new Error("no small picture was made, five times");
}

function picture(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: "#c06" } });
}

/** A store that answers when it is let. */
function heldRead(): readonly [() => Promise<undefined>, () => void] {
  let release = (): void => undefined;
  const held = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  return [() => held, () => release()];
}

/** A PNG of this size in few bytes: all of it is one colour. */
function bomb(side: number): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Uint8Array => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(Bun.hash.crc32(body), body.length + 4);
    return framed;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * side));
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", rows), chunk("IEND", new Uint8Array())]);
}

test.each(["jpeg", "png", "webp", "gif", "avif"] as const)(
  "a large picture in %s becomes a small one",
  async (format) => {
    const small = await smallOf(`image/${format}`, await picture(1_600, 900).toFormat(format).toBuffer());
    const { width, height, format: made } = await sharp(small).metadata();
    expect({ width, height, made }).toEqual({ width: THUMBNAIL_SIDE, height: 180, made: "webp" });
  },
  60_000,
);

test("it stands as it was held, and says nothing of where it was taken", async () => {
  const taken = await picture(800, 400)
    .jpeg()
    .withExif({ IFD0: { Copyright: "somebody" } })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const { width, height, exif, orientation } = await sharp(await smallOf("image/jpeg", taken)).metadata();
  expect({ width, height, exif, orientation }).toEqual({
    width: 160,
    height: 320,
    exif: undefined,
    orientation: undefined,
  });
});

test("a small picture is not made larger", async () => {
  const small = await smallOf("image/png", await picture(20, 10).png().toBuffer());
  expect((await sharp(small).metadata()).width).toBe(20);
});

test("a picture of a billion points in some kilobytes is not decoded", async () => {
  const bytes = bomb(32_000);
  expect(bytes.length).toBeLessThan(1_000_000);
  expect(await make("image/png", bytes)).toBeUndefined();
});

test("what a decoder would hold is told by the head: at the bound it is decoded, one line more is not", () => {
  const lines = THUMBNAIL_HELD_BYTES_MAX / (5 * 4_096);
  const inSteps = { format: "png", width: 4_096, height: Math.floor(lines), depth: "uchar", isProgressive: true };
  expect(heldBytes(inSteps)).toBeLessThanOrEqual(THUMBNAIL_HELD_BYTES_MAX);
  expect(heldBytes({ ...inSteps, height: inSteps.height + 1 })).toBeGreaterThan(THUMBNAIL_HELD_BYTES_MAX);
  expect(heldBytes({ ...inSteps, depth: "ushort" })).toBe(2 * heldBytes(inSteps));
  // Line by line, or small at once.
  for (const format of ["png", "jpeg"]) expect(heldBytes({ ...inSteps, format, isProgressive: false })).toBe(0);
  for (const format of ["heif", "webp", "gif"])
    expect(heldBytes({ ...inSteps, format, isProgressive: false })).toBeGreaterThanOrEqual(heldBytes(inSteps));
});

test("a picture that its decoder would hold as a whole is not decoded", async () => {
  const side = Math.ceil(Math.sqrt(THUMBNAIL_HELD_BYTES_MAX / 5)) + 1;
  const inSteps = await picture(side, side).png({ progressive: true, compressionLevel: 1 }).toBuffer();
  expect(await make("image/png", inSteps)).toBeUndefined();
}, 20_000);

test("whoever waits too long for a turn has none, and is answered before the turn comes", async () => {
  const [read, release] = heldRead();
  const short = new Thumbnails(() => undefined, undefined, { waitMs: 5, workMs: 60_000 });
  const first = short.make("image/png", 10, read);
  let isRead = false;
  const late = short.make("image/png", 10, async () => {
    isRead = true;
    return undefined;
  });
  expect(await late).toBeUndefined();
  release();
  await first;
  // In its order behind the one that gave up.
  await short.make("image/png", 10, async () => undefined);
  expect(isRead).toBe(false);
});

test("a store that does not answer holds up one picture, and nobody after it", async () => {
  const [read] = heldRead();
  const short = new Thumbnails(() => undefined, undefined, { waitMs: 60_000, workMs: 5 });
  let isRead = false;
  const first = short.make("image/png", 10, read);
  const next = short.make("image/png", 10, async () => {
    isRead = true;
    return undefined;
  });
  expect(await Promise.all([first, next])).toEqual([undefined, undefined]);
  expect(isRead).toBe(true);
});

test("what is no picture, is broken, too large, or of another kind, has none", async () => {
  const png = await picture(400, 400).png().toBuffer();
  expect(await make("image/png", png.subarray(0, 60))).toBeUndefined();
  expect(await make("image/png", Buffer.from("hello"))).toBeUndefined();
  // What can run, and what decoders are not let near.
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  expect(await make("image/svg+xml", svg)).toBeUndefined();
  expect(await make("image/png", svg)).toBeUndefined();
  expect(await make("image/png", await picture(40, 40).tiff().toBuffer())).toBeUndefined();
  let isRead = false;
  const read = async () => {
    isRead = true;
    return undefined;
  };
  expect(await thumbnails.make("image/png", THUMBNAIL_SOURCE_BYTES_MAX + 1, read)).toBeUndefined();
  expect(await thumbnails.make("video/mp4", 10, read)).toBeUndefined();
  expect(isRead).toBe(false);
  expect(await thumbnails.make("image/png", THUMBNAIL_SOURCE_BYTES_MAX, read)).toBeUndefined();
  expect(isRead).toBe(true);
}, 20_000);

test("as many wait as may, and one more has none", async () => {
  let reads = 0;
  const [held, release] = heldRead();
  const read = () => {
    reads += 1;
    return held();
  };
  const asked = Array.from({ length: THUMBNAILS_WAITING_MAX + 1 }, () => thumbnails.make("image/png", 10, read));
  expect(await asked.at(-1)).toBeUndefined();
  release();
  await Promise.all(asked);
  expect(reads).toBe(THUMBNAILS_WAITING_MAX);
});

test("inside the single executable there are none, without a word", async () => {
  const inside = new Thumbnails((event) => reports.push(event), new URL("file:///$bunfs/root/thumbnail-process.ts"));
  expect(await inside.make("image/png", 10, () => Promise.reject(new Error("nobody reads it")))).toBeUndefined();
  expect(reports).toEqual([]);
});
