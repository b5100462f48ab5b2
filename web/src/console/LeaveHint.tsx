import { t } from "../words/i18n";

/** Whoever came in by the keyboard must be told how to come out. */
export function LeaveHint() {
  return <p className="lo-muted">{t("Ctrl-Alt-Home leaves the console for its buttons.")}</p>;
}
