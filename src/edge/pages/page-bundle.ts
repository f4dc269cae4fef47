/** The pages as the build leaves them (`dist/web/pages.json`), and the files of it as the server holds them. Bodies are base64. */
export interface BuiltFile {
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly gzip: string;
  readonly br: string;
}

/** What a page loads, in the order of `PAGES`. */
export interface BuiltPage {
  readonly script: string;
  readonly styles: readonly string[];
  readonly preloads: readonly string[];
}

export interface BuiltPages {
  /** Of the sources that it was built of. */
  readonly fingerprint: string;
  readonly pages: readonly BuiltPage[];
  readonly files: readonly BuiltFile[];
}

export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly br: Uint8Array<ArrayBuffer>;
  /** Its name has its content's hash: it never changes. */
  readonly isHashed: boolean;
}

/** Of one page: the addresses at which it is answered, and its HTML. */
export interface PageRoute {
  readonly paths: readonly string[];
  readonly html: PageFile;
}

export interface PageBundle {
  readonly routes: readonly PageRoute[];
  readonly files: readonly PageFile[];
}
