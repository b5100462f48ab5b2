import { useEffect, useRef } from "react";

/** PatternFly calls the list of steps of a narrow wizard "Wizard toggle", in English, and lets nobody say otherwise. */
export function useNamedToggle(label: string) {
  const place = useRef<HTMLDivElement>(null);
  const toggle = () => place.current?.querySelector<HTMLButtonElement>(".pf-v6-c-wizard__toggle");
  useEffect(() => toggle()?.setAttribute("aria-label", label));
  /** The list stays open over the step that was chosen from it unless somebody closes it. */
  const closeList = () => {
    if (toggle()?.getAttribute("aria-expanded") === "true") toggle()?.click();
  };
  return { place, closeList };
}
