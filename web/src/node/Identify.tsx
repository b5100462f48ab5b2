import { Card, CardBody, CardTitle, Switch } from "@patternfly/react-core";
import { useState } from "react";
import { useMayOperate } from "../api/session";
import { isPhysical, useIdentify } from "../api/systems";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";

/** The light by which a person finds the server in the rack. */
export function Identify({ system }: { system: System }) {
  const { failed } = useNotices();
  const change = useIdentify(system);
  const mayOperate = useMayOperate();
  // The switch must not spring back while the service is being asked.
  const [wanted, setWanted] = useState<boolean | null>(null);
  if (system.LocationIndicatorActive === null) return null;
  const set = (active: boolean) => {
    setWanted(active);
    change.mutate(active, {
      onError: (error) => failed(t("{{node}}: identify light not changed", { node: system.Name }), error),
      onSettled: () => setWanted(null),
    });
  };
  return (
    <Card>
      <CardTitle component="h2">{t("Identify")}</CardTitle>
      <CardBody>
        <Switch
          id="identify"
          label={t("Identify light")}
          isChecked={wanted ?? system.LocationIndicatorActive}
          isDisabled={wanted !== null || !mayOperate}
          onChange={(_event, active) => set(active)}
        />
        {isPhysical(system) && (
          <p className="lo-muted">
            {t("A mark in this page and at the other doors; no light in the rack is switched.")}
          </p>
        )}
      </CardBody>
    </Card>
  );
}
