import { FolderBlobs } from "../../src/storage/folder/folder-blobs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { blobConformance } from "./blob-suite.ts";

blobConformance("files in a folder", async () => {
  const folder = temporaryFolder();
  const open = () => new FolderBlobs(folder.path);
  return { blobs: open(), reopen: open, close: async () => folder.remove() };
});
