import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useReleaseEmergencyStop } from "../api/manager";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";

/** Asks before hardware may move again, since somebody may have a hand in it. */
export default function ReleaseDialog({ onClose }: { onClose: () => void }) {
  const release = useReleaseEmergencyStop();
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="release-title" aria-describedby="release-body">
      <DialogHeader title={t("Release the emergency stop?")} titleIconVariant="warning" labelId="release-title" />
      <ModalBody id="release-body">
        <Content component="p">
          {t("Hardware may move again as soon as somebody asks for it. Make sure that nobody works at the machines.")}
        </Content>
        {release.isError && (
          <Alert variant="danger" isInline component="p" title={release.error.message} role="alert" />
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="primary"
          isLoading={release.isPending}
          isDisabled={release.isPending}
          onClick={() => release.mutate(undefined, { onSuccess: onClose })}
          data-testid="confirm-release"
        >
          {t("Let hardware move")}
        </Button>
        <Button variant="link" onClick={onClose} autoFocus>
          {t("Keep it stopped")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
