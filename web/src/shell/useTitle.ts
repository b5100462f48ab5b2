import { useEffect } from "react";

/** Names the browser's tab for what is shown. */
export function useTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} · Lightsout`;
  }, [name]);
}
