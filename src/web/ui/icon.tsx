/** The pages' pictograms: lines on a grid of 24, drawn in the colour of the text around them. */
const PATHS = {
  add: "M12 5v14M5 12h14",
  archive: "M4 8h16v11H4zM3 4h18v4H3zM10 12h4",
  attach: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  back: "M15 5l-7 7 7 7",
  ban: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M6 6l12 12",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
  bold: "M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z",
  chat: "M4 5h16v11H9l-5 4z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  checks: "m2 12.5 4.5 4.5L15 8M11 15.5l1.5 1.5L21 8",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2",
  close: "M6 6l12 12M18 6 6 18",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M15.5 8.5l-2 5-5 2 2-5z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  crown: "M4 18h16M4 8l4 4 4-7 4 7 4-4-1.5 8h-13z",
  down: "m6 9 6 6 6-6",
  download: "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  flag: "M5 21V4h12l-2 4 2 4H5",
  hash: "M9.5 4 8 20M16 4l-1.5 16M4.5 9h16M3.5 15h16",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 16.5v.2",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 7.7v.2",
  leave: "M14 4H5v16h9M10 12h10m0 0-3.5-3.5M20 12l-3.5 3.5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  mail: "M3 6h18v13H3zM3.5 7l8.5 6 8.5-6",
  megaphone: "M4 10v4h4l9 5V5l-9 5zM8 14v5h3v-3.5M20.5 10v4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  mute: "M5 9.5v5h3.5L13 18V6L8.5 9.5zM17 9.5l4 5M21 9.5l-4 5",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 4.5a3.5 3.5 0 0 1 0 6.5M18 15c2.2.8 3.5 2.5 3.5 5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.500c0-4 3.5-6 7.5-6s7.5 2 7.5 6",
  pin: "M9 4h6l-.7 6 3.2 3.500h-11L9.7 10zM12 13.500V20",
  poll: "M5 20v-7M12 20V4M19 20V9",
  reply: "M10 6 4 12l6 6M4.5 12H14a6 6 0 0 1 6 6v1",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20.5 20.5",
  send: "M4 12 20 4l-5 16-3.5-6.500zM11.5 13.5 20 4",
  server: "M4 4.5h16v6H4zM4 13.500h16v6H4zM7.500 7.500v.2M7.500 16.500v.2",
  settings:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M19.4 13.500l1.6 1.3-2 3.4-2-.8a7 7 0 0 1-2.5 1.500L14.2 21h-4l-.4-2.100a7 7 0 0 1-2.5-1.500l-2 .8-2-3.4 1.6-1.300a7 7 0 0 1 0-3L3.3 9.200l2-3.4 2 .8a7 7 0 0 1 2.5-1.500L10.2 3h4l.3 2.100A7 7 0 0 1 17 6.600l2-.8 2 3.4-1.6 1.300a7 7 0 0 1 0 3",
  shield: "M12 3 4.5 6v5.500c0 4.5 3 8 7.5 9.5 4.5-1.5 7.5-5 7.5-9.500V6z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14a4 4 0 0 0 7 0M9 9.500v.2M15 9.500v.2",
  spark: "M12 4l1.8 5.200L19 11l-5.2 1.800L12 18l-1.8-5.200L5 11l5.2-1.800zM19 16v4M17 18h4",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  thread: "M4 5h16v10h-9l-4 4v-4H4zM8 9h8M8 12h5",
  trash: "M5 7h14M9.5 7V4.500h5V7M7 7l.8 13h8.400L17 7M10.5 11v5M13.5 11v5",
  warn: "M12 4 2.5 20h19zM12 10v4.500M12 17.300v.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      class={name === "more" ? "icon is-dots" : "icon"}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo({ size = 40 }: { readonly size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4f5bd5" />
      <path
        d="M7 23.500h18M8.5 12.5 16 7l7.5 5.500M10 13.500v7M16 13.500v7M22 13.500v7"
        fill="none"
        stroke="#fff"
        stroke-width="2.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
