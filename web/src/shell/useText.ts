import { useEffect, useState } from "react";

const PAUSE_MS = 300;

/** What somebody types, and the same once they have paused: each letter need not be asked for. */
export function useText(): [typed: string, settled: string, type: (text: string) => void] {
  const [typed, type] = useState("");
  const [settled, settle] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => settle(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return [typed, settled, type];
}
