/** What is being written, per room and thread: the text over reloads, files until they are sent. */
import { signal, type Signal } from "@preact/signals";
import type { Attachment } from "../../client/stoa-chat.ts";
import { kept } from "../ui/kept.ts";
import { toastError } from "../ui/toast.tsx";
import { upload } from "./files.ts";

export interface Upload {
  readonly id: number;
  readonly file: File;
  /** Where it can be seen while it is not sent. */
  readonly picture?: string;
  /** 0 to 1. */
  readonly progress: number;
  readonly done?: Attachment;
  readonly error?: string;
  readonly cancel: () => void;
}

const KEY = "stoa-draft/";
export const FILES_MAX = 10;

const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/;

let last = 0;

export class Writing {
  readonly text: Signal<string>;
  readonly files = signal<readonly Upload[]>([]);
  readonly #roomId: string;
  readonly #key: string;

  constructor(roomId: string, key: string) {
    this.#roomId = roomId;
    this.#key = KEY + key;
    this.text = signal(kept.getItem(this.#key) ?? "");
  }

  write(text: string): void {
    this.text.value = text;
    if (text === "") kept.removeItem(this.#key);
    else kept.setItem(this.#key, text);
  }

  /** Another tab wrote or sent it. */
  follow(): void {
    this.text.value = kept.getItem(this.#key) ?? "";
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.files.value.length >= FILES_MAX) return toastError(`At most ${FILES_MAX} files with one message.`);
      this.#begin(file);
    }
  }

  /** All of it is on its way. */
  clear(): void {
    this.write("");
    for (const { picture } of this.files.value) if (picture !== undefined) URL.revokeObjectURL(picture);
    this.files.value = [];
  }

  drop(id: number): void {
    const dropped = this.files.value.find((one) => one.id === id);
    dropped?.cancel();
    if (dropped?.picture !== undefined) URL.revokeObjectURL(dropped.picture);
    this.files.value = this.files.value.filter((one) => one.id !== id);
  }

  /** What did not get through is sent once more, from its beginning. */
  again(id: number): void {
    const failed = this.files.value.find((one) => one.id === id);
    if (failed?.error === undefined) return;
    this.drop(id);
    this.#begin(failed.file);
  }

  /** In front of what is there. */
  putBack(text: string): void {
    const now = this.text.value;
    this.write(now.trim() === "" ? text : `${text}\n${now}`);
  }

  #begin(file: File): void {
    last += 1;
    const id = last;
    const stop = new AbortController();
    const picture = PICTURE.test(file.type) ? { picture: URL.createObjectURL(file) } : {};
    this.files.value = [...this.files.value, { id, file, ...picture, progress: 0, cancel: () => stop.abort() }];
    const change = (part: Partial<Upload>): void => {
      this.files.value = this.files.value.map((one) => (one.id === id ? { ...one, ...part } : one));
    };
    upload(this.#roomId, file, (progress) => change({ progress }), stop.signal).then(
      (done) => change({ done, progress: 1 }),
      (error: Error) => change({ error: error.message }),
    );
  }
}

/** Text that is dragged is the field's own matter. */
export function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}

const WRITINGS_MAX = 100;
const writings = new Map<string, Writing>();

export function writingIn(roomId: string, key: string): Writing {
  const writing = writings.get(key) ?? new Writing(roomId, key);
  writings.delete(key);
  writings.set(key, writing);
  const [oldest] = writings.keys();
  if (writings.size > WRITINGS_MAX && oldest !== undefined) writings.delete(oldest);
  return writing;
}

/** Nobody writes in two tabs at once: what the other one kept is newer. */
export function followOtherDrafts(): void {
  addEventListener("storage", ({ key }) => {
    if (key?.startsWith(KEY)) writings.get(key.slice(KEY.length))?.follow();
  });
}

export function forgetWritings(): void {
  writings.clear();
}
