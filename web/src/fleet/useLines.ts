/** Only the lines of a long list that are in sight, or nearly, are in the document. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useState } from "react";

/** Lines beyond the edges, so that there is something to see while one scrolls. */
const BEYOND = 6;

/** What scrolls when the page does. */
function scrollerOf(element: HTMLElement): HTMLElement {
  for (let above = element.parentElement; above !== null; above = above.parentElement)
    if (/auto|scroll/.test(getComputedStyle(above).overflowY)) return above;
  return document.documentElement;
}

interface Lines {
  count: number;
  /** Pixels that a line has until it has been measured. */
  height: (index: number) => number;
  keyOf: (index: number) => string;
}

/** `list` is the ref of what has the lines; each gets `measure` as its ref and its number as data-index. */
export function useLines({ count, height, keyOf }: Lines) {
  const [list, setList] = useState<HTMLElement | null>(null);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [above, setAbove] = useState(0);
  useLayoutEffect(() => {
    if (list === null) return;
    const found = scrollerOf(list);
    const look = () =>
      setAbove(Math.round(list.getBoundingClientRect().top - found.getBoundingClientRect().top + found.scrollTop));
    setScroller(found);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(found);
    for (const sibling of list.closest("section")?.children ?? []) observer.observe(sibling);
    return () => observer.disconnect();
  }, [list]);
  // Our components are not compiled, and what it returns is used where it is asked for.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller,
    estimateSize: height,
    getItemKey: keyOf,
    overscan: BEYOND,
    scrollMargin: above,
  });
  const lines = virtualizer.getVirtualItems();
  return {
    list: useCallback((element: HTMLElement | null) => setList(element), []),
    lines,
    measure: virtualizer.measureElement,
    before: (lines[0]?.start ?? above) - above,
    after: virtualizer.getTotalSize() - ((lines.at(-1)?.end ?? above) - above),
  };
}
