import { useEffect, useState } from "react";
import { age, moment } from "./format";

/** How long ago something was; the exact moment on hover. Keeps itself current. */
export function Ago({ iso }: { iso: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  const text = age(now - new Date(iso).getTime());
  return (
    <time dateTime={iso} title={moment(iso)}>
      {text === "just now" ? text : `${text} ago`}
    </time>
  );
}
