import type { Link } from "./link.ts";
import type { Wire, WireContext } from "./wire.ts";
export class StoaWire implements Wire {
  constructor(_c: WireContext) {}
  request(): string { return ""; }
  begin(_l: Link): void {}
  frame(): void {}
}
