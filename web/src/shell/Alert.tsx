import { Alert as PlainAlert, type AlertProps } from "@patternfly/react-core";
import { t, type Message } from "../words/i18n";

const KINDS: Record<string, Message> = {
  success: "Success:",
  info: "For your information:",
  warning: "Warning:",
  danger: "Danger:",
};

/** What a screen reader says where others see an icon. */
export function kindWords(variant: unknown): string | undefined {
  const words = KINDS[String(variant)];
  return words && t(words);
}

/** PatternFly's alert, whose kind is told to screen readers in the page's language, too. */
export function Alert(props: AlertProps) {
  const label = kindWords(props.variant);
  return <PlainAlert {...(label && { variantLabel: label })} {...props} />;
}
