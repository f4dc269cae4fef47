/** A test at pages of a browser: where it fails, what each page showed and did last stands before its error. */
import { test } from "bun:test";
import { whatPagesShow } from "./chromium.ts";

/** `isThere`: whether what it needs is on this machine. */
export function pageTest(name: string, run: () => Promise<void>, msMax?: number, isThere = true): void {
  const told = async (): Promise<void> => {
    try {
      await run();
    } catch (error) {
      console.error(`"${name}" failed. ${await whatPagesShow()}`);
      throw error;
    }
  };
  test.if(isThere)(name, told, msMax);
}
