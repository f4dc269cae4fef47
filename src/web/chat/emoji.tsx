/** A small picker of reactions: those that are used most, by rows. */
import { type Place, Popover } from "../ui/popover.tsx";

const EMOJI = [
  ["👍", "thumbs up"],
  ["❤️", "heart"],
  ["😂", "tears of joy"],
  ["🎉", "party"],
  ["👀", "eyes"],
  ["🙏", "thanks"],
  ["🔥", "fire"],
  ["✅", "done"],
  ["😀", "grin"],
  ["🙂", "smile"],
  ["😉", "wink"],
  ["😍", "in love"],
  ["🤔", "thinking"],
  ["😅", "sweat"],
  ["😮", "surprised"],
  ["😢", "sad"],
  ["😭", "crying"],
  ["😡", "angry"],
  ["😴", "asleep"],
  ["🤯", "mind blown"],
  ["🥳", "celebrating"],
  ["🤝", "handshake"],
  ["👏", "clapping"],
  ["🙌", "raised hands"],
  ["💪", "strong"],
  ["👎", "thumbs down"],
  ["👋", "wave"],
  ["✋", "hand"],
  ["💯", "hundred"],
  ["⭐", "star"],
  ["💡", "idea"],
  ["🚀", "rocket"],
  ["🐛", "bug"],
  ["☕", "coffee"],
  ["🍕", "pizza"],
  ["❌", "no"],
  ["❓", "question"],
  ["⚠️", "warning"],
  ["📌", "pin"],
  ["⏳", "waiting"],
] as const;

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
