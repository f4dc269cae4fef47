/** The emoji that the page offers, with what they are called, and how people know them from elsewhere. */
export const EMOJI: readonly (readonly [emoji: string, name: string, others?: string])[] = [
  ["👍", "thumbs up", "+1"],
  ["❤️", "heart"],
  ["😂", "tears of joy", "joy lol"],
  ["🎉", "party", "tada"],
  ["👀", "eyes"],
  ["🙏", "thanks", "pray"],
  ["🔥", "fire"],
  ["✅", "done", "check"],
  ["😀", "grin", "happy"],
  ["🙂", "smile"],
  ["😉", "wink"],
  ["😍", "in love", "heart_eyes"],
  ["🤔", "thinking", "hmm"],
  ["😅", "sweat"],
  ["😮", "surprised", "wow"],
  ["😢", "sad", "cry"],
  ["😭", "crying", "sob"],
  ["😡", "angry", "rage"],
  ["😴", "asleep", "sleeping"],
  ["🤯", "mind blown"],
  ["🥳", "celebrating", "partying"],
  ["🤝", "handshake"],
  ["👏", "clapping", "clap"],
  ["🙌", "raised hands", "praise"],
  ["💪", "strong", "muscle"],
  ["👎", "thumbs down", "-1"],
  ["👋", "wave", "hello bye"],
  ["✋", "hand"],
  ["💯", "hundred", "100"],
  ["⭐", "star"],
  ["💡", "idea", "bulb"],
  ["🚀", "rocket"],
  ["🐛", "bug"],
  ["☕", "coffee"],
  ["🍕", "pizza"],
  ["❌", "no", "x"],
  ["❓", "question"],
  ["⚠️", "warning"],
  ["📌", "pin", "pushpin"],
  ["⏳", "waiting", "hourglass"],
];

/** As one writes them: `:thumbs_up:`. */
const nameFor = (name: string): string => name.replaceAll(" ", "_");

export interface EmojiFound {
  readonly emoji: string;
  readonly name: string;
}

/** Those of which a name, or a word of it, begins so; whole names first. */
export function emojiLike(prefix: string, most: number): readonly EmojiFound[] {
  const wanted = prefix.toLowerCase();
  const found: (EmojiFound & { readonly rank: number })[] = [];
  for (const [emoji, name, others = ""] of EMOJI) {
    const names = [nameFor(name), ...others.split(" ")];
    const rank = names.some((one) => one.startsWith(wanted))
      ? 0
      : name.split(" ").some((word) => word.startsWith(wanted))
        ? 1
        : 2;
    if (rank < 2) found.push({ emoji, name: nameFor(name), rank });
  }
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ emoji, name }) => ({ emoji, name }));
}

/** The emoji that is called so, and nothing else. */
export function emojiNamed(name: string): string | undefined {
  return EMOJI.find(
    ([, one, others = ""]) => nameFor(one) === name || (others !== "" && others.split(" ").includes(name)),
  )?.[0];
}
