import { Bullseye, Spinner } from "@patternfly/react-core";
import { t } from "../words/i18n";

export function Loading() {
  return (
    <Bullseye className="lo-loading">
      <Spinner aria-label={t("Loading")} aria-valuetext={t("Loading")} />
    </Bullseye>
  );
}
