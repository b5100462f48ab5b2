/** Whether a person is at the page: what it asks by itself must not keep the session of one who has left. */

/** What marks a request that nobody has asked for. */
const UNATTENDED = { "Lightsout-Unattended": "1" };
/** `click` and `input` come without keys and pointers from screen readers and dictation. */
const TOUCHES = ["keydown", "pointerdown", "pointermove", "wheel", "click", "input"];

let touched = true;

/** The page begins to notice who touches it, wherever that is. */
export function payAttention(): void {
  for (const kind of TOUCHES) window.addEventListener(kind, noticeTouch, { capture: true, passive: true });
}

export function noticeTouch(): void {
  touched = true;
}

/** The headers of the next request: only the first after somebody touched the page counts as use of the session. */
export function attention(): Record<string, string> {
  const mark = touched ? {} : UNATTENDED;
  touched = false;
  return mark;
}
