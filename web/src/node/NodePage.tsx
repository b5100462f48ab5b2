import {
  Breadcrumb,
  BreadcrumbItem,
  Button,
  Label,
  PageBreadcrumb,
  PageSection,
  Tab,
  Tabs,
  TabTitleText,
  Title,
} from "@patternfly/react-core";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { ApiError } from "../api/http";
import { useMayOperate } from "../api/session";
import { useSystem } from "../api/systems";
import type { System } from "../api/types";
import { HealthLabel } from "../power/HealthLabel";
import { PowerButtons } from "../power/PowerButtons";
import { PowerLabel } from "../power/PowerLabel";
import { UnknownState } from "../power/UnknownState";
import { usePowerControl } from "../power/usePowerControl";
import { reasonOf } from "../power/words";
import { RamdiskMenu } from "../reinstall/RamdiskMenu";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { NotFoundPage } from "../shell/NotFoundPage";
import { OnDemand } from "../shell/OnDemand";
import { LastPower } from "../timeline/LastPower";
import { t, type Message } from "../words/i18n";
import { Overview } from "./Overview";
import { Reservation } from "./Reservation";
import { ReserveNodeDialog } from "./ReserveNodeDialog";
import { RunningJob } from "./RunningJob";
import "./node.css";

const ScreenConsole = lazy(() => import("../screen/ScreenConsole"));
const SerialConsole = lazy(() => import("../serial/SerialConsole"));
const JobsPanel = lazy(() => import("../reinstall/JobsPanel"));
const ReinstallWizard = lazy(() => import("../reinstall/ReinstallWizard"));

const TimelinePanel = lazy(() => import("../timeline/TimelinePanel"));
const HealthPanel = lazy(() => import("../health/HealthPanel"));

const TABS = ["overview", "timeline", "health", "screen", "serial", "jobs"] as const;
/** One panel shows whichever view is chosen. */
const PANEL = "node-view";
type TabName = (typeof TABS)[number];
const TITLES: Record<TabName, Message> = {
  overview: "Overview",
  timeline: "Timeline",
  health: "Health",
  screen: "Screen",
  serial: "Serial",
  jobs: "Jobs",
};

const pathTo = (id: string, tab: TabName) => `/nodes/${encodeURIComponent(id)}${tab === "overview" ? "" : `/${tab}`}`;

export default function NodePage() {
  const { id = "", tab = "overview" } = useParams();
  const system = useSystem(id);
  const current = TABS.find((name) => name === tab);

  useEffect(() => {
    document.title = `${id} · Lightsout`;
  }, [id]);

  if (current === undefined || (system.error instanceof ApiError && system.error.status === 404))
    return <NotFoundPage />;
  if (!system.data)
    return system.isError ? (
      <ErrorPanel
        title={t("{{node}} cannot be shown", { node: id })}
        error={system.error}
        retry={() => void system.refetch()}
      />
    ) : (
      <Loading />
    );
  return <Node system={system.data} tab={current} />;
}

function Node({ system, tab }: { system: System; tab: TabName }) {
  const navigate = useNavigate();
  const mayOperate = useMayOperate();
  const control = usePowerControl(system);
  const [reinstalling, setReinstalling] = useState(false);
  const [reserving, setReserving] = useState(false);
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
          <BreadcrumbItem isActive>{system.Name}</BreadcrumbItem>
        </Breadcrumb>
      </PageBreadcrumb>
      <PageSection aria-label={t("Node")} className="lo-node-header" hasBodyWrapper={false}>
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
          <div className="lo-node-actions">
            <PowerButtons system={system} control={control} />
            {system.Actions?.Oem["#Lightsout.Reinstall"] && (
              <Button
                variant="secondary"
                isDisabled={Boolean(system.Oem.Lightsout.Task) || !mayOperate}
                onClick={() => setReinstalling(true)}
              >
                {t("Reinstall…")}
              </Button>
            )}
            <RamdiskMenu
              system={system}
              isDisabled={Boolean(system.Oem.Lightsout.Task) || !mayOperate}
              onStarted={() => void navigate(pathTo(system.Id, "jobs"))}
            />
            {!system.Oem.Lightsout.Reservation && mayOperate && (
              <Button variant="secondary" onClick={() => setReserving(true)}>
                {t("Do not touch…")}
              </Button>
            )}
          </div>
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
        {tab !== "jobs" && <RunningJob system={system} />}
      </PageSection>
      <PageSection type="tabs" aria-label={t("Views of the node")}>
        <Tabs
          activeKey={tab}
          onSelect={(_event, key) => void navigate(pathTo(system.Id, TABS.find((name) => name === key) ?? "overview"))}
          aria-label={t("Views of {{node}}", { node: system.Name })}
          usePageInsets
        >
          <Tab tabContentId={PANEL} eventKey="overview" title={<TabTitleText>{t(TITLES.overview)}</TabTitleText>} />
          <Tab tabContentId={PANEL} eventKey="timeline" title={<TabTitleText>{t(TITLES.timeline)}</TabTitleText>} />
          <Tab tabContentId={PANEL} eventKey="health" title={<TabTitleText>{t(TITLES.health)}</TabTitleText>} />
          <Tab
            tabContentId={PANEL}
            eventKey="screen"
            title={<TabTitleText>{t(TITLES.screen)}</TabTitleText>}
            isDisabled={!system.GraphicalConsole?.ServiceEnabled}
          />
          <Tab
            tabContentId={PANEL}
            eventKey="serial"
            title={<TabTitleText>{t(TITLES.serial)}</TabTitleText>}
            isDisabled={!system.SerialConsole?.WebSocket.ServiceEnabled}
          />
          <Tab tabContentId={PANEL} eventKey="jobs" title={<TabTitleText>{t(TITLES.jobs)}</TabTitleText>} />
        </Tabs>
      </PageSection>
      <PageSection
        id={PANEL}
        role="tabpanel"
        isFilled
        aria-label={t(TITLES[tab])}
        className={`lo-tab-${tab}`}
        hasBodyWrapper={false}
      >
        <OnDemand place={tab}>
          {tab === "overview" && <Overview system={system} />}
          {tab === "timeline" && <TimelinePanel key={system.Id} system={system} />}
          {tab === "health" && <HealthPanel key={system.Id} system={system} />}
          {tab === "screen" && <ScreenConsole key={system.Id} system={system} />}
          {tab === "serial" && <SerialConsole key={system.Id} system={system} />}
          {tab === "jobs" && <JobsPanel system={system} />}
        </OnDemand>
      </PageSection>
      {control.dialogs}
      {reserving && <ReserveNodeDialog system={system} onClose={() => setReserving(false)} />}
      {reinstalling && (
        <Suspense>
          <ReinstallWizard
            system={system}
            onClose={() => setReinstalling(false)}
            onStarted={() => {
              setReinstalling(false);
              void navigate(pathTo(system.Id, "jobs"));
            }}
          />
        </Suspense>
      )}
    </>
  );
}
