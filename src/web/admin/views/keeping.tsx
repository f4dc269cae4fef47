/** What is kept and what goes: retention, legal holds, erasures with their receipts. */
import { hrefOf } from "../route.ts";
import { Erasures } from "./erasures.tsx";
import { HoldsView } from "./holds.tsx";
import { RetentionView } from "./retention.tsx";

const TABS = [
  ["retention", "Retention"],
  ["holds", "Legal holds"],
  ["erasures", "Erasures"],
] as const;

export function KeepingView({ tab = "retention" }: { readonly tab: string | undefined }) {
  return (
    <>
      <nav class="tab-links" aria-label="Keeping and erasing">
        {TABS.map(([name, title]) => (
          <a key={name} href={hrefOf(["keeping", name])} aria-current={tab === name ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {tab === "holds" ? <HoldsView /> : tab === "erasures" ? <Erasures /> : <RetentionView />}
    </>
  );
}
