import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import { t } from "../words/i18n";

interface ErrorPanelProps {
  title: string;
  error: Error;
  retry?: () => void;
}

/** Something could not be shown: what, why in the service's words, and what to do. */
export function ErrorPanel({ title, error, retry }: ErrorPanelProps) {
  return (
    <EmptyState titleText={title} headingLevel="h2" icon={ExclamationCircleIcon} status="danger">
      <EmptyStateBody role="alert">{error.message}</EmptyStateBody>
      {retry && (
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button variant="primary" onClick={retry}>
              {t("Try again")}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}
