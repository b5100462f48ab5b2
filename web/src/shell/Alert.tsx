import { Alert as PlainAlert, type AlertProps } from "@patternfly/react-core";
import { t, type Message } from "../words/i18n";

const LABELS: Record<string, Message> = {
  success: "Success:",
  info: "For your information:",
  warning: "Warning:",
  danger: "Danger:",
};

/** PatternFly's alert, whose kind is told to screen readers in the page's language, too. */
export function Alert(props: AlertProps) {
  const label = LABELS[props.variant ?? ""];
  return <PlainAlert {...(label && { variantLabel: t(label) })} {...props} />;
}
