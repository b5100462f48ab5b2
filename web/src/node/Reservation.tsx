import { AlertActionLink } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import { useRelease } from "../api/systems";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { useNotices } from "../shell/Notices";
import { moment } from "../words/format";
import { t } from "../words/i18n";

/** Who holds the node, since when and why, and how to end that. A running job shows itself. */
export function Reservation({ system }: { system: System }) {
  const { failed } = useNotices();
  const mayOperate = useMayOperate();
  const release = useRelease(system);
  const ours = system.Oem?.Lightsout;
  if (!ours?.Reservation || ours.Task) return null;
  const { Holder, Reason, Since } = ours.Reservation;
  const onRelease = () =>
    release.mutate(undefined, {
      onError: (error) => failed(t("{{node}}: not released", { node: system.Name }), error),
    });
  return (
    <Alert
      variant="warning"
      isInline
      title={t("{{holder}} holds this node", { holder: Holder })}
      component="p"
      {...(mayOperate && {
        actionLinks: (
          <AlertActionLink onClick={onRelease} isDisabled={release.isPending}>
            {t("Release the node")}
          </AlertActionLink>
        ),
      })}
    >
      {t("{{reason}} (since {{time}})", { reason: Reason, time: moment(Since) })}
    </Alert>
  );
}
