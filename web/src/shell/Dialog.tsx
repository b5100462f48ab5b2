import { Button, Modal, ModalHeader, type ModalHeaderProps, type ModalProps } from "@patternfly/react-core";
import CloseIcon from "@patternfly/react-icons/dist/esm/icons/rh-microns-close-icon";
import { t } from "../words/i18n";
import { kindWords } from "./Alert";

interface DialogProps extends Omit<ModalProps, "isOpen" | "onClose" | "ref"> {
  /** Without it the dialog stays until it is answered. */
  onClose?: () => void;
}

/** PatternFly's modal, open, whose button to close it speaks the page's language. */
export function Dialog({ onClose, children, ...props }: DialogProps) {
  return (
    <Modal isOpen {...(onClose && { onEscapePress: onClose })} {...props}>
      {onClose && (
        <div className="pf-v6-c-modal-box__close">
          <Button variant="plain" aria-label={t("Close")} icon={<CloseIcon />} onClick={onClose} />
        </div>
      )}
      {children}
    </Modal>
  );
}

/** PatternFly's header of a modal; its icon, too, is told to screen readers in the page's language. */
export function DialogHeader(props: ModalHeaderProps) {
  const label = kindWords(props.titleIconVariant);
  return <ModalHeader {...(label && { titleScreenReaderText: label })} {...props} />;
}
