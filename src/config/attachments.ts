/** The part of the configuration that says where files are kept, and how many. */
import { FILE_SIZE_MAX } from "../base/limits.ts";
import type { EnvReader } from "./env-reader.ts";

export interface S3Config {
  readonly bucket: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** `undefined`: those that AWS gives this machine: of its role, its container or a profile. */
  readonly keys:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string | undefined;
      }
    | undefined;
}
export interface AttachmentsConfig {
  /** Bytes that one person uploads in a day. */
  readonly bytesPerDayMax: number;
  /** Bytes of all files of one tenant; `undefined`: no bound but the space that there is. */
  readonly tenantBytesMax: number | undefined;
  /** Small pictures are made of large ones. */
  readonly thumbnails: boolean;
  /** `off`: this server keeps no files. `folder`: in the data folder. */
  readonly store: "off" | "folder" | S3Config;
}

const TENANT_BYTES_MAX = 2 ** 50;
const DAY_BYTES_DEFAULT = 1024 ** 3;

/** Files in a folder of one node are not those of the others. */
export function readAttachments(reader: EnvReader, isAlone: boolean): AttachmentsConfig {
  const errorsBefore = reader.errors.length;
  const sessionToken = reader.text("AWS_SESSION_TOKEN");
  const bucket = reader.matching(
    "S3_BUCKET_ATTACHMENTS",
    /^[a-z0-9.-]{3,63}$/,
    "a bucket name of 3 to 63 of a-z 0-9 . -",
    undefined,
  );
  const fallback = bucket !== undefined ? "s3" : isAlone ? "folder" : "off";
  const store = reader.oneOf("STOA_ATTACHMENTS", ["folder", "s3", "off"], fallback);
  const endpoint = reader.url("S3_ENDPOINT", ["https", "http"]);
  const bytesPerDayMax = reader.whole("STOA_UPLOAD_BYTES_PER_DAY", {
    min: 1,
    max: 1_000 * FILE_SIZE_MAX,
    fallback: DAY_BYTES_DEFAULT,
    unit: "bytes",
  });
  const tenantBytesMax =
    reader.whole("STOA_TENANT_FILE_BYTES", {
      min: 0,
      max: TENANT_BYTES_MAX,
      fallback: 0,
      unit: "bytes, 0 for no bound",
    }) || undefined;
  const thumbnails = reader.flag("STOA_THUMBNAILS", true);
  const common = { bytesPerDayMax, tenantBytesMax, thumbnails };
  if (store === "folder" && !isAlone) {
    const why = "a folder of one node is not seen by the others, and DynamoDB means that there may be others";
    reader.complain("STOA_ATTACHMENTS", `s3 or off with DynamoDB (${why}); s3 needs S3_BUCKET_ATTACHMENTS`);
  }
  if (store !== "s3") return { ...common, store };
  // What is wrong already is said already.
  if (reader.errors.length > errorsBefore) return { ...common, store: "off" };
  const s3 = readS3(reader, { bucket, endpoint, sessionToken });
  return { ...common, store: s3 ?? "off" };
}

function readS3(
  reader: EnvReader,
  { bucket, endpoint, sessionToken }: Readonly<Record<"bucket" | "endpoint" | "sessionToken", string | undefined>>,
): S3Config | undefined {
  const accessKeyId = reader.raw("AWS_ACCESS_KEY_ID");
  const secretAccessKey = reader.raw("AWS_SECRET_ACCESS_KEY");
  const region = reader.raw("AWS_REGION");
  if (bucket === undefined) reader.complain("S3_BUCKET_ATTACHMENTS", "a bucket, since files are to be kept in S3");
  if (region === undefined && endpoint === undefined) reader.complain("AWS_REGION", "a region like eu-central-1");
  if (bucket === undefined) return undefined;
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined;
  return { bucket, region, endpoint, keys: hasKeys ? { accessKeyId, secretAccessKey, sessionToken } : undefined };
}
