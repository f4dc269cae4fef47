/**
 * Makes one small picture: the large one comes over standard input, the small one goes out over standard output. A process of its
 * own, since decoders are native code that reads what strangers made: what ends it ends nothing else.
 * Exit codes: 0, the picture is there; 2, this is no picture that can be made small; 3, the library cannot be loaded here.
 */
import {
  THUMBNAIL_HELD_BYTES_MAX,
  THUMBNAIL_PIXELS_MAX,
  THUMBNAIL_SIDE,
  THUMBNAIL_SOURCE_PIXELS_MAX,
} from "../base/limits.ts";
import { heldBytes } from "./picture-memory.ts";

/** The only decoders that are let near it. */
const DECODERS = ["Jpeg", "Png", "Webp", "Nsgif", "Heif"].map((name) => `VipsForeignLoad${name}Buffer`);
const QUALITY = 75;
const NO_PICTURE = 2;
const NO_LIBRARY = 3;

const loaded = await import("sharp").catch(() => undefined);
if (loaded === undefined) process.exit(NO_LIBRARY);
const { default: sharp } = loaded;
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: DECODERS });

try {
  const source = await Bun.stdin.bytes();
  // Its head alone, before anything is decoded.
  if (heldBytes(await sharp(source).metadata()) > THUMBNAIL_HELD_BYTES_MAX) process.exit(NO_PICTURE);
  const picture = sharp(source, { limitInputPixels: THUMBNAIL_SOURCE_PIXELS_MAX, pages: 1, failOn: "error" })
    // As it was held when it was taken; what else the camera wrote stays behind.
    .rotate()
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: "inside", withoutEnlargement: true });
  const { data, info } = await picture.webp({ quality: QUALITY }).toBuffer({ resolveWithObject: true });
  if (info.width * info.height > THUMBNAIL_PIXELS_MAX) process.exit(NO_PICTURE);
  await Bun.write(Bun.stdout, data);
} catch {
  process.exit(NO_PICTURE);
}
