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
import { Trans } from "react-i18next";
import { useSystems } from "../api/systems";
import { ErrorPanel } from "../shell/ErrorPanel";
import { t } from "../words/i18n";
import { FleetSummary } from "./FleetSummary";
import { FleetTable } from "./FleetTable";
import { countViews, filterSystems, VIEWS, type View } from "./filter";

/** The whole fleet. What is filtered stands in the address, so that it can be kept and sent. */
export function FleetPage() {
  const systems = useSystems();
  const [params, setParams] = useSearchParams();
  const text = params.get("q") ?? "";
  const view: View = VIEWS.find((name) => name === params.get("state")) ?? "all";

  const title = t("Fleet");
  useEffect(() => {
    document.title = `${title} · Lightsout`;
  }, [title]);

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
        <Title headingLevel="h1">{title}</Title>
      </PageSection>
      <PageSection isFilled aria-label={t("Nodes")}>
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
                aria-label={t("Filter nodes")}
                placeholder={t("Name, image, address, tag…")}
                resetButtonLabel={t("Clear")}
                value={text}
                onChange={(_event, value) => set("q", value)}
                onClear={() => set("q", "")}
              />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        {systems.isPending && <FleetSkeleton />}
        {systems.isError && !systems.data && (
          <ErrorPanel
            title={t("The fleet cannot be shown")}
            error={systems.error}
            retry={() => void systems.refetch()}
          />
        )}
        {systems.data && shown.length > 0 && <FleetTable systems={shown} />}
        {systems.data && shown.length === 0 && (
          <NothingShown fleetIsEmpty={all.length === 0} onClear={() => setParams({}, { replace: true })} />
        )}
        <p className="pf-v6-screen-reader" aria-live="polite">
          {systems.data ? t("{{shown}} of {{count}} nodes shown", { shown: shown.length, count: all.length }) : ""}
        </p>
      </PageSection>
    </>
  );
}

function FleetSkeleton() {
  return (
    <div className="lo-skeleton">
      {["1", "2", "3"].map((key) => (
        <Skeleton key={key} height="3rem" screenreaderText={t("Loading nodes")} />
      ))}
    </div>
  );
}

function NothingShown({ fleetIsEmpty, onClear }: { fleetIsEmpty: boolean; onClear: () => void }) {
  if (fleetIsEmpty) {
    return (
      <EmptyState titleText={t("No nodes yet")} headingLevel="h2">
        <EmptyStateBody>
          <Trans
            i18nKey="There is none, or none within your account’s scope. An administrator adds one with <command/>."
            components={{ command: <code>{"bmc node add"}</code> }}
          />
        </EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <EmptyState titleText={t("No node matches")} headingLevel="h2">
      <EmptyStateBody>{t("Nothing in the fleet fits the filter.")}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            {t("Clear the filter")}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
