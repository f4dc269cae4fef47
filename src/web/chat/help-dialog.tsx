/** The keys of the page. */
import { Dialog } from "../ui/dialog.tsx";

const KEYS: readonly (readonly [string, string])[] = [
  ["Ctrl K", "Search"],
  ["Alt ↑  Alt ↓", "The room before, the next room"],
  ["Alt ⇧ ↑  Alt ⇧ ↓", "The same among those with something unread"],
  ["Enter", "Send"],
  ["⇧ Enter", "A new line"],
  ["↑", "In an empty field: edit what you wrote last"],
  ["Esc", "Cancel a reply or an edit; close what is open"],
  ["@", "Mention somebody"],
  [":", "With two letters: an emoji by its name"],
  ["↑ ↓  on a message", "From message to message"],
  ["R", "On a message: reply"],
  ["T", "On a message: its thread"],
  ["E", "On your message: edit"],
  ["+", "On a message: thumbs up"],
  ["Del", "On a message: delete"],
  ["?", "This list"],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
