/** A small picker of reactions: those that are used most, by rows. */
import { type Place, Popover } from "../ui/popover.tsx";
import { EMOJI } from "./emoji-names.ts";

export interface EmojiPickerProps {
  readonly place: Place;
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}

export function EmojiPicker({ place, onPick, onClose }: EmojiPickerProps) {
  return (
    <Popover label="Choose an emoji" role="dialog" place={place} across onClose={onClose}>
      <div class="emoji-grid">
        {EMOJI.map(([emoji, name], at) => (
          <button
            key={emoji}
            type="button"
            data-item
            tabIndex={at === 0 ? 0 : -1}
            class="emoji"
            aria-label={name}
            title={name}
            onClick={() => {
              onClose();
              onPick(emoji);
            }}
          >
            {emoji}
          </button>
        ))}
      </div>
    </Popover>
  );
}

/** Offered at once, beside the picker. */
export const QUICK = EMOJI.slice(0, 3);
