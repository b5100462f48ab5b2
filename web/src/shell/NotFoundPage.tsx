import { EmptyState, EmptyStateBody, EmptyStateFooter, PageSection } from "@patternfly/react-core";
import { Link } from "react-router";

export function NotFoundPage() {
  return (
    <PageSection>
      <EmptyState titleText="There is no such page" headingLevel="h1">
        <EmptyStateBody>The address may be mistyped, or the node may have been removed.</EmptyStateBody>
        <EmptyStateFooter>
          <Link to="/">Back to the fleet</Link>
        </EmptyStateFooter>
      </EmptyState>
    </PageSection>
  );
}
