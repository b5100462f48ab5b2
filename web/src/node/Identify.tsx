import { Card, CardBody, CardTitle, Switch } from "@patternfly/react-core";
import { useIdentify } from "../api/systems";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";

/** The light by which a person finds the server in the rack. */
export function Identify({ system }: { system: System }) {
  const { failed } = useNotices();
  const change = useIdentify(system);
  if (system.LocationIndicatorActive === null || system.LocationIndicatorActive === undefined) return null;
  return (
    <Card>
      <CardTitle component="h2">Identify</CardTitle>
      <CardBody>
        <Switch
          id="identify"
          label="Identify light"
          isChecked={change.isPending ? change.variables : system.LocationIndicatorActive}
          isDisabled={change.isPending}
          onChange={(_event, active) =>
            change.mutate(active, { onError: (error) => failed(`${system.Name}: identify light not changed`, error) })
          }
        />
      </CardBody>
    </Card>
  );
}
