/** Where the keyboard is, is never lost: not when what had it has gone, nor when it could not be used for a moment. */

const REMEMBERED = 20;

const isOff = (element: Element) => element.matches(":disabled, [inert] *");

/** Follows the focus until told to stop; what was focused last and is still there gets it back, else `otherwise` does. */
export function keepFocus(otherwise: () => HTMLElement | null): () => void {
  let visited: HTMLElement[] = [];
  let wasOff = false;
  const onFocus = ({ target }: FocusEvent) => {
    wasOff = false;
    if (!(target instanceof HTMLElement)) return;
    visited = [...visited.filter((element) => element !== target).slice(1 - REMEMBERED), target];
  };
  const check = () => {
    const last = visited.at(-1);
    if (document.activeElement !== document.body || last === undefined) return;
    if (last.isConnected) {
      if (isOff(last)) wasOff = true;
      else if (wasOff) last.focus({ preventScroll: true });
      return;
    }
    visited = visited.filter((element) => element.isConnected);
    const usable = visited.filter((element) => !isOff(element) && element.checkVisibility());
    (usable.at(-1) ?? otherwise())?.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(check);
  document.addEventListener("focusin", onFocus);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "inert"] });
  return () => {
    document.removeEventListener("focusin", onFocus);
    observer.disconnect();
  };
}
