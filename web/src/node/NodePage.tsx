import { PageSection, Tab, Tabs, TabTitleText } from "@patternfly/react-core";
import { lazy, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { isGone } from "../api/http";
import { useSystem } from "../api/systems";
import type { System } from "../api/types";
import { usePowerControl } from "../power/usePowerControl";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { NotFoundPage } from "../shell/NotFoundPage";
import { OnDemand } from "../shell/OnDemand";
import { lazyDialog } from "../shell/lazyDialog";
import { useTitle } from "../shell/useTitle";
import { t, type Message } from "../words/i18n";
import { nodePath, TABS, type TabName } from "./address";
import { NodeHeader } from "./NodeHeader";
import { Overview } from "./Overview";
import "./node.css";

const ScreenConsole = lazy(() => import("../screen/ScreenConsole"));
const SerialConsole = lazy(() => import("../serial/SerialConsole"));
const JobsPanel = lazy(() => import("../reinstall/JobsPanel"));
const ReinstallWizard = lazyDialog(() => import("../reinstall/ReinstallWizard"));
const TimelinePanel = lazy(() => import("../timeline/TimelinePanel"));
const HealthPanel = lazy(() => import("../health/HealthPanel"));

/** One panel shows whichever view is chosen. */
const PANEL = "node-view";
const TITLES: Record<TabName, Message> = {
  overview: "Overview",
  timeline: "Timeline",
  health: "Health",
  screen: "Screen",
  serial: "Serial",
  jobs: "Jobs",
};

export default function NodePage() {
  const { id = "", tab = "overview" } = useParams();
  const system = useSystem(id);
  const current = TABS.find((name) => name === tab);

  useTitle(id);

  if (current === undefined || isGone(system.error)) return <NotFoundPage />;
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
  // What was typed for one node is not for another.
  return <Node key={system.data.Id} system={system.data} tab={current} />;
}

function Node({ system, tab }: { system: System; tab: TabName }) {
  const navigate = useNavigate();
  const control = usePowerControl(system);
  const [reinstalling, setReinstalling] = useState(false);
  const showJob = () => void navigate(nodePath(system.Id, "jobs"));
  return (
    <>
      <NodeHeader
        system={system}
        control={control}
        hasJobInSight={tab === "jobs"}
        onReinstall={() => setReinstalling(true)}
        onJob={showJob}
      />
      <PageSection type="tabs" aria-label={t("Views of the node")}>
        <Tabs
          activeKey={tab}
          onSelect={(_event, key) =>
            void navigate(nodePath(system.Id, TABS.find((name) => name === key) ?? "overview"))
          }
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
          {tab === "timeline" && <TimelinePanel system={system} />}
          {tab === "health" && <HealthPanel system={system} />}
          {tab === "screen" && <ScreenConsole system={system} />}
          {tab === "serial" && <SerialConsole system={system} />}
          {tab === "jobs" && <JobsPanel system={system} />}
        </OnDemand>
      </PageSection>
      {control.dialogs}
      {reinstalling && (
        <ReinstallWizard
          system={system}
          onClose={() => setReinstalling(false)}
          onStarted={() => {
            setReinstalling(false);
            showJob();
          }}
        />
      )}
    </>
  );
}
