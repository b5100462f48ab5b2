import { AlertActionLink } from "@patternfly/react-core";
import { useState } from "react";
import { ApiError } from "../api/http";
import { useMayOperate, useSession } from "../api/session";
import { useRelease } from "../api/systems";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { useNotices } from "../shell/Notices";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { ReleaseNodeDialog } from "./ReleaseNodeDialog";

/** What the service answers when it is another person's reservation that is to be ended. */
const WANTS_A_NOTE = 400;

/** Who has reserved the node, since when and why, and how to end that. A running job shows itself. */
export function Reservation({ system }: { system: System }) {
  const { failed } = useNotices();
  const mayOperate = useMayOperate();
  const account = useSession().data?.account;
  const release = useRelease(system);
  const [asking, setAsking] = useState(false);
  const ours = system.Oem.Lightsout;
  if (!ours.Reservation || ours.Task) return null;
  const { Holder, Reason, Since, Until } = ours.Reservation;
  const onRelease = () =>
    release.mutate("", {
      onError: (error) => {
        if (error instanceof ApiError && error.status === WANTS_A_NOTE) setAsking(true);
        else failed(t("{{node}}: not released", { node: system.Name }), error);
      },
    });
  const told = { reason: Reason, time: moment(Since) };
  return (
    <Alert
      variant={Holder === account ? "info" : "warning"}
      isInline
      title={
        Holder === account
          ? t("You have reserved this node: nobody else can change it")
          : t("{{holder}} has reserved this node: do not touch it", { holder: Holder })
      }
      component="p"
      data-testid="reservation"
      {...(mayOperate && {
        actionLinks: (
          <AlertActionLink onClick={onRelease} isDisabled={release.isPending}>
            {t("Release the node")}
          </AlertActionLink>
        ),
      })}
    >
      {Until
        ? t("{{reason}} (since {{time}}, until {{end}})", { ...told, end: moment(Until) })
        : t("{{reason}} (since {{time}})", told)}
      {asking && <ReleaseNodeDialog system={system} holder={Holder} onClose={() => setAsking(false)} />}
    </Alert>
  );
}
