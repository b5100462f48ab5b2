import { Alert, AlertActionLink } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import { useRelease } from "../api/systems";
import type { System } from "../api/types";
import { useNotices } from "../shell/Notices";
import { moment } from "../words/format";

/** Who holds the node, since when and why, and how to end that. A running job shows itself. */
export function Reservation({ system }: { system: System }) {
  const { failed } = useNotices();
  const mayOperate = useMayOperate();
  const release = useRelease(system);
  const ours = system.Oem?.Lightsout;
  if (!ours?.Reservation || ours.Task) return null;
  const { Holder, Reason, Since } = ours.Reservation;
  const onRelease = () =>
    release.mutate(undefined, { onError: (error) => failed(`${system.Name}: not released`, error) });
  return (
    <Alert
      variant="warning"
      isInline
      title={`${Holder} holds this node`}
      component="p"
      {...(mayOperate && {
        actionLinks: (
          <AlertActionLink onClick={onRelease} isDisabled={release.isPending}>
            Release the node
          </AlertActionLink>
        ),
      })}
    >
      {Reason} (since {moment(Since)})
    </Alert>
  );
}
