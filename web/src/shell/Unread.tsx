import { Button } from "@patternfly/react-core";
import { t } from "../words/i18n";

/** In the place of something small that could not be read: why, and what to do. */
export function Unread({ of }: { of: { error: Error | null; refetch: () => unknown } }) {
  return (
    <span role="alert">
      {of.error?.message}{" "}
      <Button variant="link" isInline onClick={() => void of.refetch()}>
        {t("Try again")}
      </Button>
    </span>
  );
}
