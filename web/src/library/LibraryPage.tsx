import { PageSection, Title } from "@patternfly/react-core";
import { t } from "../words/i18n";

/** Images and media: what machines are installed and started from. */
export default function LibraryPage() {
  return (
    <PageSection>
      <Title headingLevel="h1">{t("Library")}</Title>
    </PageSection>
  );
}
