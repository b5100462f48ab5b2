/** As many columns of a given width as a place has room for. */
import { useLayoutEffect, useRef, useState, type RefObject } from "react";

/** `box` is the ref of the place; `width` is in pixels. */
export function useColumns(width: number): { box: RefObject<HTMLDivElement | null>; columns: number } {
  const box = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    if (box.current === null) return;
    const measured = box.current;
    const look = () => setColumns(Math.max(1, Math.floor(measured.clientWidth / width)));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(measured);
    return () => observer.disconnect();
  }, [width]);
  return { box, columns };
}
