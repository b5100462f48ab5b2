import { AlertActionCloseButton } from "@patternfly/react-core";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";

interface ScopeRemarksProps {
  remarks: string[];
  /** Whose scope it is. */
  name: string;
  /** Without it they stay as long as what they stand in. */
  onClose?: () => void;
}

/** What of a scope that was saved leads to no server: one that is to come, or a slip. */
export function ScopeRemarks({ remarks, name, onClose }: ScopeRemarksProps) {
  if (remarks.length === 0) return null;
  const title = t("Some of the servers of {{name}} are not there", { name });
  return (
    <Alert
      variant="warning"
      isInline
      component="p"
      title={title}
      role="alert"
      data-testid="scope-remarks"
      actionClose={
        onClose && (
          <AlertActionCloseButton aria-label={t("Dismiss: {{message}}", { message: title })} onClose={onClose} />
        )
      }
    >
      {remarks.map((remark) => (
        <p key={remark}>{remark}</p>
      ))}
    </Alert>
  );
}
