/** A person or room as a small picture: their own, or initials on a colour that is always theirs. */
import { useState } from "preact/hooks";

export type Dot = "online" | "away" | "busy" | "offline";

export interface AvatarProps {
  /** Whose colour it is. */
  readonly id: string;
  readonly name: string;
  readonly src?: string | undefined;
  readonly size?: number;
  readonly dot?: Dot | undefined;
}

export function Avatar({ id, name, src, size = 32, dot }: AvatarProps) {
  const [broken, setBroken] = useState<string>();
  const isShown = src !== undefined && src !== broken && /^(https:|\/)/.test(src);
  return (
    <span
      class="avatar"
      aria-hidden="true"
      style={{ width: `${size}px`, height: `${size}px`, fontSize: `${size * 0.4}px`, "--avatar": colorOf(id) }}
    >
      {isShown ? <img src={src} alt="" loading="lazy" onError={() => setBroken(src)} /> : initialsOf(name)}
      {dot && <span class={`avatar-dot is-${dot}`} />}
    </span>
  );
}

/** Dark enough for white letters. */
function colorOf(id: string): string {
  let hash = 2_166_136_261;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 16_777_619);
  return `hsl(${(hash >>> 0) % 360} 42% 40%)`;
}

function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => [...(word ?? "?")][0] ?? "")
    .join("")
    .toUpperCase();
}
