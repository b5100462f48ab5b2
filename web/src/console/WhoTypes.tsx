import { Button } from "@patternfly/react-core";
import { t } from "../words/i18n";
import { ownOf, type Audience } from "./audience";

interface WhoTypesProps {
  audience: Audience | null;
  onTake: () => void;
}

/** Who else is at this console, and how to get its keyboard from them. Nothing where one is alone with it. */
export function WhoTypes({ audience, onTake }: WhoTypesProps) {
  const own = ownOf(audience);
  if (audience === null || own === undefined) return null;
  const others = audience.viewers.filter((viewer) => viewer.id !== own.id);
  const typing = others.find((viewer) => viewer.types);
  const accounts = [...new Set(others.filter((viewer) => !viewer.types).map((viewer) => viewer.account))];
  return (
    <span className="lo-console-start" data-testid="who-types" role="status">
      {typing && <span>{t("{{account}} has the keyboard", { account: typing.account })}</span>}
      {accounts.length > 0 && (
        <span className="lo-muted">{t("Watching: {{accounts}}", { accounts: accounts.join(", ") })}</span>
      )}
      {own.may_type && !own.types && (
        <Button variant="primary" size="sm" onClick={onTake}>
          {t("Take the keyboard")}
        </Button>
      )}
    </span>
  );
}
