/** The way out of a console for who has no mouse: a console takes every other key for itself. */
import { useEffect, type RefObject } from "react";

const isLeave = ({ key, ctrlKey, altKey }: KeyboardEvent) => key === "Home" && ctrlKey && altKey;

/** Ctrl-Alt-Home, as in other remote consoles, moves the focus to the first control of `frame`. */
export function useLeaveKey(frame: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const place = frame.current;
    if (place === null) return;
    let leaving = false;
    const onDown = (event: KeyboardEvent) => {
      if (!isLeave(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      leaving = true;
    };
    const onUp = (event: KeyboardEvent) => {
      if (!leaving || event.ctrlKey || event.altKey) return;
      leaving = false;
      // The console hears first that Ctrl and Alt are up: it would hold them down.
      setTimeout(() => place.querySelector<HTMLElement>("button:enabled, input:enabled")?.focus());
    };
    place.addEventListener("keydown", onDown, true);
    place.addEventListener("keyup", onUp, true);
    return () => {
      place.removeEventListener("keydown", onDown, true);
      place.removeEventListener("keyup", onUp, true);
    };
  }, [frame]);
}
