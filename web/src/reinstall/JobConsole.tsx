import { Card, CardBody, CardHeader, CardTitle, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { lazy, useState } from "react";
import type { System } from "../api/types";
import { OnDemand } from "../shell/OnDemand";
import { t } from "../words/i18n";

const ScreenConsole = lazy(() => import("../screen/ScreenConsole"));
const SerialWatch = lazy(() => import("./SerialWatch"));

type View = "serial" | "screen" | "none";

/** What the server shows while a job is at work on it: its serial line, only to watch, or its screen. */
export function JobConsole({ system }: { system: System }) {
  const hasSerial = system.SerialConsole?.WebSocket.ServiceEnabled === true;
  const hasScreen = system.GraphicalConsole?.ServiceEnabled === true;
  const [view, setView] = useState<View>(hasSerial ? "serial" : "none");
  if (!hasSerial && !hasScreen) return null;
  const item = (name: View, text: string) => (
    <ToggleGroupItem
      text={text}
      buttonId={`job-console-${name}`}
      isSelected={view === name}
      onChange={() => setView(name)}
    />
  );
  return (
    <Card className="lo-job-console" data-testid="job-console">
      <CardHeader
        actions={{
          actions: (
            <ToggleGroup aria-label={t("Which console to show")} isCompact>
              {hasSerial && item("serial", t("Serial"))}
              {hasScreen && item("screen", t("Screen"))}
              {item("none", t("None"))}
            </ToggleGroup>
          ),
        }}
      >
        <CardTitle component="h2">{t("Console")}</CardTitle>
      </CardHeader>
      {view !== "none" && (
        <CardBody>
          <OnDemand place={view}>
            {view === "serial" ? <SerialWatch system={system} /> : <ScreenConsole system={system} />}
          </OnDemand>
        </CardBody>
      )}
    </Card>
  );
}
