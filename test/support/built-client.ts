/** The SDK as it is published: one module without imports. Built once for a test run. */
import { bundleClient } from "../../scripts/bundle-client.ts";

let built: Promise<string> | undefined;

export function buildClient(): Promise<string> {
  built ??= bundleClient();
  return built;
}
