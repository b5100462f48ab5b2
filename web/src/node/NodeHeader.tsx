import { Breadcrumb, BreadcrumbItem, Button, Label, PageBreadcrumb, PageSection, Title } from "@patternfly/react-core";
import { useState } from "react";
import { Link } from "react-router";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { HealthLabel } from "../power/HealthLabel";
import { PowerButtons } from "../power/PowerButtons";
import { PowerLabel } from "../power/PowerLabel";
import { UnknownState } from "../power/UnknownState";
import type { PowerControl } from "../power/usePowerControl";
import { reasonOf } from "../power/words";
import { RamdiskMenu } from "../reinstall/RamdiskMenu";
import { BarredButton } from "../shell/BarredButton";
import { LastPower } from "../timeline/LastPower";
import { t } from "../words/i18n";
import { Reservation } from "./Reservation";
import { ReserveNodeDialog } from "./ReserveNodeDialog";
import { RunningJob } from "./RunningJob";
import { useJobBar } from "./useJobBar";

interface NodeActionsProps {
  system: System;
  control: PowerControl;
  onReinstall: () => void;
  /** A job of the node has begun. */
  onJob: () => void;
}

interface NodeHeaderProps extends NodeActionsProps {
  hasJobInSight: boolean;
}

/** What is to be seen and done whichever view of the node is chosen. */
export function NodeHeader({ system, control, hasJobInSight, onReinstall, onJob }: NodeHeaderProps) {
  const reason = reasonOf(system);
  return (
    <>
      <PageBreadcrumb>
        <Breadcrumb aria-label={t("Where this page is")}>
          <BreadcrumbItem
            render={({ className }) => (
              <Link className={className} to="/">
                {t("Fleet")}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>
            <span className="pf-v6-c-breadcrumb__link pf-m-current">{system.Name}</span>
          </BreadcrumbItem>
        </Breadcrumb>
      </PageBreadcrumb>
      <PageSection aria-label={t("Node")} hasBodyWrapper={false}>
        <div className="lo-node-title">
          <Title headingLevel="h1">{system.Name}</Title>
          <div className="lo-labels" aria-live="polite">
            <PowerLabel system={system} />
            <HealthLabel system={system} />
            {system.LocationIndicatorActive === true && (
              <Label status="info" data-testid="identified">
                {t("Identify light on")}
              </Label>
            )}
          </div>
          <NodeActions system={system} control={control} onReinstall={onReinstall} onJob={onJob} />
        </div>
        {system.PowerState === null ? (
          <UnknownState system={system} onConfirm={control.confirmState} />
        ) : (
          reason !== "" && (
            <p className="lo-reason" data-testid="reason">
              {reason}
            </p>
          )
        )}
        <LastPower system={system} />
        <Reservation system={system} />
        {!hasJobInSight && <RunningJob system={system} />}
      </PageSection>
    </>
  );
}

function NodeActions({ system, control, onReinstall, onJob }: NodeActionsProps) {
  const mayOperate = useMayOperate();
  const [reserving, setReserving] = useState(false);
  const bar = useJobBar(system);
  return (
    <div className="lo-node-actions">
      <PowerButtons system={system} control={control} />
      {system.Actions?.Oem["#Lightsout.Reinstall"] && (
        <BarredButton variant="secondary" bar={bar} onClick={onReinstall}>
          {t("Reinstall…")}
        </BarredButton>
      )}
      <RamdiskMenu system={system} bar={bar} onStarted={onJob} />
      {!system.Oem.Lightsout.Reservation && mayOperate && (
        <Button variant="secondary" onClick={() => setReserving(true)}>
          {t("Reserve…")}
        </Button>
      )}
      {reserving && <ReserveNodeDialog system={system} onClose={() => setReserving(false)} />}
    </div>
  );
}
