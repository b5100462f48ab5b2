import { useReleaseEmergencyStop } from "../api/manager";
import { OrderDialog } from "../shell/OrderDialog";
import { t } from "../words/i18n";

/** Asks before hardware may move again, since somebody may have a hand in it. */
export default function ReleaseDialog({ onClose }: { onClose: () => void }) {
  const release = useReleaseEmergencyStop();
  return (
    <OrderDialog
      kind="release"
      title={t("Release the emergency stop?")}
      description={t(
        "Hardware may move again as soon as somebody asks for it. Make sure that nobody works at the machines.",
      )}
      alarm="warning"
      action={t("Let hardware move")}
      keep={t("Keep it stopped")}
      refused={t("The emergency stop was not released")}
      order={release}
      onSubmit={() => release.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
