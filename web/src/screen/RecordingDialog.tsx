import { Button, FileUpload, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useCallback, useState, type SyntheticEvent } from "react";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { bytes } from "../words/format";
import { t } from "../words/i18n";

export interface Film {
  name: string;
  film: Blob;
}

/** A film that was just recorded does not know its length, until somebody has looked at its end. */
function learnLength({ currentTarget: video }: SyntheticEvent<HTMLVideoElement>): void {
  if (video.duration !== Infinity) return;
  video.addEventListener("seeked", () => (video.currentTime = 0), { once: true });
  video.currentTime = Number.MAX_SAFE_INTEGER;
}

interface RecordingDialogProps {
  /** What was just recorded; null: one that lies on the viewer's computer. */
  recorded: Film | null;
  isSaved: boolean;
  onSave: () => void;
  /** It is closed, and nobody wants what was recorded any more. */
  onDone: () => void;
  onClose: () => void;
}

/** Shows a recording of a screen, and saves it. Esc alone does not lose one. */
export default function RecordingDialog({ recorded, isSaved, onSave, onDone, onClose }: RecordingDialogProps) {
  const [shown, setShown] = useState(recorded);
  const [asks, setAsks] = useState(false);
  const mayBeLost = recorded !== null && !isSaved;
  const [unreadable, setUnreadable] = useState(false);
  const close = () => {
    onDone();
    onClose();
  };
  const load = useCallback(
    (video: HTMLVideoElement | null) => {
      if (shown === null || video === null) return;
      const address = URL.createObjectURL(shown.film);
      video.src = address;
      return () => URL.revokeObjectURL(address);
    },
    [shown],
  );
  return (
    <Dialog variant="large" onClose={() => (mayBeLost ? setAsks(true) : close())} aria-labelledby="recording-title">
      <DialogHeader
        title={t("Recording")}
        labelId="recording-title"
        {...(shown && { description: t("{{name}}, {{size}}", { name: shown.name, size: bytes(shown.film.size) }) })}
      />
      <ModalBody>
        {recorded === null && (
          <FileUpload
            id="recording-file"
            type="text"
            value=""
            filename={shown?.name ?? ""}
            filenamePlaceholder={t("A recording that was saved before")}
            browseButtonText={t("Choose a file…")}
            hideDefaultPreview
            isClearButtonDisabled
            clearButtonText={t("Clear")}
            dropzoneProps={{ accept: { "video/*": [".webm", ".mp4"] } }}
            onFileInputChange={(_event, file) => {
              setUnreadable(false);
              setShown({ name: file.name, film: file });
            }}
          />
        )}
        {unreadable && <Alert variant="danger" isInline title={t("This browser cannot play this file.")} />}
        <video
          ref={load}
          className="lo-film"
          controls
          hidden={shown === null}
          aria-label={t("Recording")}
          data-testid="film"
          onLoadedMetadata={learnLength}
          onError={() => setUnreadable(true)}
        />
      </ModalBody>
      {asks && mayBeLost && (
        <Alert
          variant="warning"
          isInline
          className="lo-dialog-error"
          component="p"
          role="alert"
          title={t("This recording is not saved. Save it, or say that it is to be discarded.")}
        />
      )}
      <ModalFooter>
        {recorded !== null && <Button onClick={onSave}>{t("Save the recording")}</Button>}
        <Button variant="link" onClick={close}>
          {mayBeLost ? t("Close and discard it") : t("Close")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
