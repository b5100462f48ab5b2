import { lazy } from "react";
import { EmptyState, EmptyStateBody, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { Link, useNavigate, useParams } from "react-router";
import { isGone } from "../api/http";
import { useSystem } from "../api/systems";
import { nodePath } from "../node/address";
import { Reservation } from "../node/Reservation";
import { RunningJob } from "../node/RunningJob";
import { PowerLabel } from "../power/PowerLabel";
import { Assignments } from "../safety/Assignments";
import { StopBanner } from "../safety/StopBanner";
import { StopButton } from "../safety/StopButton";
import { OnDemand } from "../shell/OnDemand";
import { ConnectionBanner } from "../shell/ConnectionBanner";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useTitle } from "../shell/useTitle";
import { t, type Message } from "../words/i18n";
import { CONSOLES, windowPath, type ConsoleView } from "./windows";
import "./console.css";

const ScreenConsole = lazy(() => import("../screen/ScreenConsole"));
const SerialConsole = lazy(() => import("../serial/SerialConsole"));

const TITLES: Record<ConsoleView, Message> = { screen: "Screen", serial: "Serial", both: "Both" };

/** A node's consoles, and what nobody at them may miss, for a window of their own. */
export default function ConsoleWindow() {
  const { id = "", view = "" } = useParams();
  const navigate = useNavigate();
  const system = useSystem(id);
  const shown = CONSOLES.find((name) => name === view);

  useTitle(id);

  if (shown === undefined || isGone(system.error)) return <NotFoundPage />;
  if (system.data === undefined)
    return system.isError ? (
      <ErrorPanel
        title={t("{{node}} cannot be shown", { node: id })}
        error={system.error}
        retry={() => void system.refetch()}
      />
    ) : (
      <Loading />
    );
  const node = system.data;
  const screen = shown !== "serial" && node.GraphicalConsole?.ServiceEnabled === true;
  const serial = shown !== "screen" && node.SerialConsole?.WebSocket.ServiceEnabled === true;
  return (
    <main className="lo-window">
      <ConnectionBanner />
      <StopBanner />
      <Assignments />
      <header className="lo-console-bar">
        <h1>
          <Link to={nodePath(id)}>{node.Name}</Link>
        </h1>
        <PowerLabel system={node} />
        <ToggleGroup isCompact aria-label={t("Consoles")} className="lo-console-end">
          {CONSOLES.map((name) => (
            <ToggleGroupItem
              key={name}
              text={t(TITLES[name])}
              isSelected={name === shown}
              onChange={() => void navigate(windowPath(id, name), { replace: true })}
            />
          ))}
        </ToggleGroup>
        <StopButton />
      </header>
      <Reservation system={node} />
      <RunningJob system={node} />
      <OnDemand place={shown}>
        <div className="lo-window-consoles">
          {screen && <ScreenConsole system={node} />}
          {serial && <SerialConsole system={node} />}
          {!screen && !serial && (
            <EmptyState titleText={t("{{node}} has no such console", { node: node.Name })} headingLevel="h2">
              <EmptyStateBody>{t("Choose another above, or go back to the node by its name.")}</EmptyStateBody>
            </EmptyState>
          )}
        </div>
      </OnDemand>
    </main>
  );
}
