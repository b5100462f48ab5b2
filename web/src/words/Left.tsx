import { duration, moment } from "./format";
import { t } from "./i18n";
import { useNow } from "./useNow";

/** How much time is left until a deadline; the exact moment on hover. Keeps itself current. */
export function Left({ until }: { until: string }) {
  const left = new Date(until).getTime() - useNow(1000);
  return (
    <time dateTime={until} title={moment(until)}>
      {left > 0 ? t("{{time}} left", { time: duration(left) }) : t("time is up")}
    </time>
  );
}
