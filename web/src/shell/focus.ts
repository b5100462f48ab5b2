/** Where the keyboard is, is never lost: not when what had it has gone, nor when it could not be used for a moment. */

const REMEMBERED = 20;

const isOff = (element: Element) => element.matches(":disabled, [inert] *");

/** Follows the focus until told to stop; what had it last and is still there gets it back, else `otherwise` does. */
export function keepFocus(otherwise: () => HTMLElement | null): () => void {
  let visited: HTMLElement[] = [];
  /** What had it has gone, or was switched off; who clicks beside everything has lost nothing. */
  let lost = false;
  const onFocus = ({ target }: FocusEvent) => {
    lost = false;
    if (!(target instanceof HTMLElement)) return;
    visited = [...visited.filter((element) => element !== target).slice(1 - REMEMBERED), target];
  };
  const check = () => {
    const last = visited.at(-1);
    if (document.activeElement !== document.body || last === undefined) return;
    lost ||= !last.isConnected || isOff(last);
    if (!lost) return;
    visited = visited.filter((element) => element.isConnected && element.checkVisibility());
    const next = visited.at(-1) ?? otherwise();
    // What was switched off, as while an action is under way, is waited for.
    if (next !== null && !isOff(next)) next.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(check);
  document.addEventListener("focusin", onFocus);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "inert"] });
  return () => {
    document.removeEventListener("focusin", onFocus);
    observer.disconnect();
  };
}
