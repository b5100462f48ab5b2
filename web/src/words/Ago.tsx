import { age, moment } from "./format";
import { useNow } from "./useNow";

/** How long ago something was; the exact moment on hover. Keeps itself current. */
export function Ago({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={moment(iso)}>
      {age(useNow(30_000) - new Date(iso).getTime())}
    </time>
  );
}
