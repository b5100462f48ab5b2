import { useStreamState } from "../events/LiveUpdates";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { Unread } from "./Unread";

interface StaleProps {
  of: { isError: boolean; data: unknown; dataUpdatedAt: number; error: Error | null; refetch: () => unknown };
}

/** Above what was read once and cannot be read now; in an outage the banner of the page says so for all. */
export function Stale({ of }: StaleProps) {
  const isUp = useStreamState() === "up";
  if (!isUp || !of.isError || of.data === undefined) return null;
  return (
    <p className="lo-after" data-testid="stale">
      {t("Shown as it was at {{moment}}.", { moment: moment(new Date(of.dataUpdatedAt).toISOString()) })}{" "}
      <Unread of={of} />
    </p>
  );
}
