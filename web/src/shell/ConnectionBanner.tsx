import { Banner, Flex, Spinner } from "@patternfly/react-core";
import { useEffect, useState } from "react";
import { useStreamState } from "../events/LiveUpdates";
import { time } from "../words/format";
import { t } from "../words/i18n";

/** A blink, as at a restart of the service, is not worth a word. */
const PATIENCE_MS = 2000;

/** Says so when the page shows what was, not what is. */
export function ConnectionBanner() {
  const state = useStreamState();
  const [lostAt, setLostAt] = useState<Date | null>(null);
  useEffect(() => {
    if (state === "up" || state === "signed-out") return;
    const since = new Date();
    const timer = setTimeout(() => setLostAt(since), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLostAt(null);
    };
  }, [state]);
  return (
    <div role="status" aria-live="polite" data-testid="connection-state" data-state={state}>
      {lostAt && (
        <Banner color="yellow">
          <Flex
            justifyContent={{ default: "justifyContentCenter" }}
            gap={{ default: "gapSm" }}
            flexWrap={{ default: "nowrap" }}
          >
            <Spinner size="md" aria-label={t("Reconnecting")} aria-valuetext={t("Reconnecting")} />
            <span>
              {t("No live updates since {{time}}. What you see may be old. Reconnecting…", {
                time: time(lostAt.toISOString()),
              })}
            </span>
          </Flex>
        </Banner>
      )}
    </div>
  );
}
