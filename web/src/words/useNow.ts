import { useEffect, useState } from "react";
import { now as serviceNow } from "./clock";

/** The present moment in milliseconds by the service's clock, told anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(serviceNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serviceNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
