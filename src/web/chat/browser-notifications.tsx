/** Whether this browser is told of messages while the page is closed. */
import { Select } from "../ui/field.tsx";
import { attempt } from "./actions.ts";
import { pushState, subscribe, unsubscribe } from "./offline.ts";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

const OPTIONS = [
  { value: "off", label: "No" },
  { value: "on", label: "Yes" },
];

export function BrowserNotifications() {
  const found = useLoaded(() => pushState(session()), []);
  const state = found.value.value;
  if (state === undefined || state === "impossible") return null;
  const set = async (wanted: string): Promise<void> => {
    await attempt(wanted === "on" ? subscribe(session()) : unsubscribe(), "Saved");
    found.reload();
  };
  return (
    <Select
      label="Notify this browser while the page is closed"
      value={state === "on" ? "on" : "off"}
      options={OPTIONS}
      disabled={state === "denied"}
      hint={state === "denied" ? "Notifications from this site are blocked in the browser's settings." : undefined}
      onChange={(wanted) => void set(wanted)}
    />
  );
}
