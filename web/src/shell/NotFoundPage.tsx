import { EmptyState, EmptyStateBody, EmptyStateFooter, PageSection } from "@patternfly/react-core";
import { Link } from "react-router";
import { t } from "../words/i18n";

export function NotFoundPage() {
  return (
    <PageSection>
      <EmptyState titleText={t("There is no such page")} headingLevel="h1">
        <EmptyStateBody>{t("The address may be mistyped, or the node may have been removed.")}</EmptyStateBody>
        <EmptyStateFooter>
          <Link to="/">{t("Back to the fleet")}</Link>
        </EmptyStateFooter>
      </EmptyState>
    </PageSection>
  );
}
