import { useEffect } from "react";

/** While something would be lost: the browser asks before it leaves the page, in its own words. */
export function useAskBeforeLeaving(mayBeLost: boolean): void {
  useEffect(() => {
    if (!mayBeLost) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [mayBeLost]);
}
