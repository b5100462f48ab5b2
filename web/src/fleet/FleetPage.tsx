import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  PageSection,
  SearchInput,
  Skeleton,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import { useEffect } from "react";
import { useSearchParams } from "react-router";
import { useSystems } from "../api/systems";
import { ErrorPanel } from "../shell/ErrorPanel";
import { FleetSummary } from "./FleetSummary";
import { FleetTable } from "./FleetTable";
import { countViews, filterSystems, VIEWS, type View } from "./filter";

/** The whole fleet. What is filtered stands in the address, so that it can be kept and sent. */
export function FleetPage() {
  const systems = useSystems();
  const [params, setParams] = useSearchParams();
  const text = params.get("q") ?? "";
  const view: View = VIEWS.find((name) => name === params.get("state")) ?? "all";

  useEffect(() => {
    document.title = "Fleet · Lightsout";
  }, []);

  const set = (key: string, value: string) =>
    setParams(
      (before) => {
        if (value === "") before.delete(key);
        else before.set(key, value);
        return before;
      },
      { replace: true },
    );
  const all = systems.data ?? [];
  const shown = filterSystems(all, view, text);
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Fleet</Title>
      </PageSection>
      <PageSection isFilled aria-label="Nodes">
        <Toolbar inset={{ default: "insetNone" }} clearAllFilters={() => setParams({}, { replace: true })}>
          <ToolbarContent>
            <ToolbarItem>
              <FleetSummary
                counts={countViews(all)}
                view={view}
                onView={(name) => set("state", name === "all" ? "" : name)}
              />
            </ToolbarItem>
            <ToolbarItem className="lo-search">
              <SearchInput
                aria-label="Filter nodes"
                placeholder="Name, image, address, tag…"
                value={text}
                onChange={(_event, value) => set("q", value)}
                onClear={() => set("q", "")}
              />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        {systems.isPending && <FleetSkeleton />}
        {systems.isError && !systems.data && (
          <ErrorPanel title="The fleet cannot be shown" error={systems.error} retry={() => void systems.refetch()} />
        )}
        {systems.data && shown.length > 0 && <FleetTable systems={shown} />}
        {systems.data && shown.length === 0 && (
          <NothingShown fleetIsEmpty={all.length === 0} onClear={() => setParams({}, { replace: true })} />
        )}
        <p className="pf-v6-screen-reader" aria-live="polite">
          {systems.data ? `${shown.length} of ${all.length} nodes shown` : ""}
        </p>
      </PageSection>
    </>
  );
}

function FleetSkeleton() {
  return (
    <div className="lo-skeleton">
      {["1", "2", "3"].map((key) => (
        <Skeleton key={key} height="3rem" screenreaderText="Loading nodes" />
      ))}
    </div>
  );
}

function NothingShown({ fleetIsEmpty, onClear }: { fleetIsEmpty: boolean; onClear: () => void }) {
  if (fleetIsEmpty) {
    return (
      <EmptyState titleText="No nodes yet" headingLevel="h2">
        <EmptyStateBody>
          There is none, or none within your account’s scope. An administrator adds one with <code>bmc node add</code>.
        </EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <EmptyState titleText="No node matches" headingLevel="h2">
      <EmptyStateBody>Nothing in the fleet fits the filter.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            Clear the filter
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
