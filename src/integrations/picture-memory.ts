/** What decoding a picture takes, told from its head, before anything of it is decoded. */

export interface PictureHead {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** `uchar`: 8 bits for a colour, or fewer. */
  readonly depth: string;
  readonly isProgressive: boolean;
}

/** Bytes for each point at 8 bits for a colour, as seen of each decoder that holds all points at once. */
const HELD = { webp: 5, gif: 6, jpegInSteps: 7, pngInSteps: 5, other: 20 } as const;

/** What a decoder will hold. Pictures that are read line by line, or small at once, take little however large they are. */
export function heldBytes({ format, width, height, depth, isProgressive }: PictureHead): number {
  const points = width * height * (depth === "uchar" ? 1 : 2);
  switch (format) {
    case "jpeg":
      return isProgressive ? points * HELD.jpegInSteps : 0;
    case "png":
      return isProgressive ? points * HELD.pngInSteps : 0;
    case "webp":
      return points * HELD.webp;
    case "gif":
      return points * HELD.gif;
    default:
      return points * HELD.other;
  }
}
