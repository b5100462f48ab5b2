import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core";
import { PageSection, Skeleton, Title } from "@patternfly/react-core";
import { useMemo } from "react";
import { Trans } from "react-i18next";
import { useMayOperate } from "../api/session";
import { useSystems } from "../api/systems";
import type { System } from "../api/types";
import { OthersRuns } from "../bulk/OthersRuns";
import { ErrorPanel } from "../shell/ErrorPanel";
import { useTitle } from "../shell/useTitle";
import { t } from "../words/i18n";
import { useFleetAddress } from "./address";
import { filterSystems, sortSystems } from "./filter";
import { FleetGrid } from "./FleetGrid";
import { FleetTable } from "./FleetTable";
import { FleetToolbar } from "./FleetToolbar";
import { familiesOf, groupSystems, usualFamily } from "./groups";
import { SelectionBar } from "./SelectionBar";
import { useSelection } from "./useSelection";
import "./fleet.css";

const NONE: System[] = [];

/** The whole fleet. What is filtered stands in the address, so that it can be kept and sent. */
export function FleetPage() {
  const systems = useSystems();
  const control = useFleetAddress();
  const mayOperate = useMayOperate();
  const { address } = control;

  const title = t("Fleet");
  useTitle(title);

  const all = systems.data ?? NONE;
  const { sort } = address;
  const sorted = useMemo(() => sortSystems(all, sort), [all, sort]);
  const found = useMemo(() => filterSystems(sorted, address), [sorted, address]);
  const families = useMemo(() => familiesOf(all), [all]);
  const group = families.find((family) => family === address.group) ?? (address.group ? "" : usualFamily(families));
  const isGrid = address.layout === "grid";
  const groups = useMemo(() => groupSystems(found, isGrid ? group : ""), [found, isGrid, group]);
  const shown = useMemo(() => groups.flatMap(({ systems }) => systems), [groups]);
  const { chosen, select, mark, clear } = useSelection(shown);
  const onSelect = mayOperate ? select : undefined;
  return (
    <>
      <PageSection>
        <div className="lo-fleet-title">
          <Title headingLevel="h1">{title}</Title>
          <OthersRuns />
        </div>
      </PageSection>
      <PageSection isFilled aria-label={t("Nodes")}>
        <FleetToolbar systems={all} control={control} families={families} group={group} />
        <SelectionBar all={all} shown={shown} chosen={chosen} control={control} mark={mark} clear={clear} />
        {systems.isPending && <FleetSkeleton />}
        {systems.isError && !systems.data && (
          <ErrorPanel
            title={t("The fleet cannot be shown")}
            error={systems.error}
            retry={() => void systems.refetch()}
          />
        )}
        {shown.length > 0 &&
          (isGrid ? (
            <FleetGrid groups={groups} chosen={chosen} onSelect={onSelect} />
          ) : (
            <FleetTable systems={shown} sort={sort} onSort={control.setSort} chosen={chosen} onSelect={onSelect} />
          ))}
        {systems.data && shown.length === 0 && <NothingShown fleetIsEmpty={all.length === 0} onClear={control.clear} />}
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
