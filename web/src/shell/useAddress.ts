import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What the address says after its `?`, and how to change some of it, which makes no entry in the history. */
export function useAddress() {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (alter: (params: URLSearchParams) => void) => {
      // From what stands there now: what was drawn last may be older, and would undo what was chosen since.
      const after = new URLSearchParams(window.location.search);
      alter(after);
      setParams(after, { replace: true });
    },
    [setParams],
  );
  return { params, change, setParams };
}
