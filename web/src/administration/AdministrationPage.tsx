import { PageSection, Title } from "@patternfly/react-core";
import { t } from "../words/i18n";

/** Who may do what, by which doors, and what the service does by itself. */
export default function AdministrationPage() {
  return (
    <PageSection>
      <Title headingLevel="h1">{t("Administration")}</Title>
    </PageSection>
  );
}
