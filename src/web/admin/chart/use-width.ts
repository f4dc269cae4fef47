/** How wide an element is, so that a chart is drawn in its own pixels and its texts keep their size. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Before it was measured. */
const WIDTH = 360;

export function useWidth<Box extends Element>(): readonly [RefObject<Box>, number] {
  const box = useRef<Box>(null);
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const measured = Math.round(entry?.contentRect.width ?? 0);
      if (measured > 0) setWidth(measured);
    });
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
