import { useEffect, useRef } from "react";

/**
 * PatternFly calls the list of steps of a narrow wizard "Wizard toggle", in English, and lets nobody say otherwise.
 * The step that it shows is part of its name: who speaks to the page says what they see.
 */
export function useNamedToggle(label: string) {
  const place = useRef<HTMLDivElement>(null);
  const toggle = () => place.current?.querySelector<HTMLButtonElement>(".pf-v6-c-wizard__toggle");
  useEffect(() => {
    const button = toggle();
    if (!button) return;
    const name = () => button.setAttribute("aria-label", `${label}: ${button.textContent}`);
    name();
    const shown = new MutationObserver(name);
    shown.observe(button, { childList: true, characterData: true, subtree: true });
    return () => shown.disconnect();
  });
  /** The list stays open over the step that was chosen from it unless somebody closes it. */
  const closeList = () => {
    if (toggle()?.getAttribute("aria-expanded") === "true") toggle()?.click();
  };
  return { place, closeList };
}
