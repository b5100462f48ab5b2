import { Button, Modal, ModalHeader, type ModalHeaderProps, type ModalProps } from "@patternfly/react-core";
import CloseIcon from "@patternfly/react-icons/dist/esm/icons/rh-microns-close-icon";
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { t } from "../words/i18n";
import { kindWords } from "./Alert";

const BOX = '[role="dialog"][aria-modal="true"]';
const OPEN_MENU = ".pf-v6-c-menu-toggle.pf-m-expanded";

/** The dialog that was opened last: those below wait for it. */
const uppermost = () => [...document.querySelectorAll<HTMLElement>(BOX)].at(-1);

/** In full screen, only what is inside the console is seen. */
const placeNow = () => (document.fullscreenElement instanceof HTMLElement ? document.fullscreenElement : document.body);

interface DialogProps extends Omit<ModalProps, "isOpen" | "id" | "appendTo" | "onClose" | "onEscapePress" | "ref"> {
  /** Without it the dialog stays until it is answered. */
  onClose?: () => void;
  /** For a dialog whose one button closes it: there is none in the corner. */
  hasOwnClose?: boolean;
  /** It lies over the whole page, and ends full screen. */
  isOverAll?: boolean;
}

/** PatternFly's modal, open, whose button to close it speaks the page's language. */
export function Dialog({ onClose, hasOwnClose = false, isOverAll = false, children, ...props }: DialogProps) {
  const id = useId();
  const [place] = useState(isOverAll ? document.body : placeNow);
  useEffect(() => {
    if (isOverAll && document.fullscreenElement) void document.exitFullscreen();
  }, [isOverAll]);
  // With each change PatternFly hides all but this dialog from screen readers: those above it, too.
  useLayoutEffect(() => uppermost()?.closest(".pf-v6-c-backdrop")?.removeAttribute("aria-hidden"));
  const onEscape = (event: KeyboardEvent) => {
    const box = uppermost();
    if (box?.id !== id) return;
    // PatternFly's focus trap would let go, whether the dialog stays or not.
    event.stopPropagation();
    const menu = box.querySelector<HTMLElement>(OPEN_MENU);
    if (menu === null) {
      onClose?.();
      return;
    }
    menu.click();
    menu.focus();
  };
  return (
    <Modal isOpen id={id} appendTo={place} onEscapePress={onEscape} {...props}>
      <Opening />
      {onClose && !hasOwnClose && (
        <div className="pf-v6-c-modal-box__close">
          <Button variant="plain" aria-label={t("Close")} icon={<CloseIcon />} onClick={onClose} />
        </div>
      )}
      {children}
    </Modal>
  );
}

/**
 * Comes first in a dialog, so that what begins with the focus keeps it: the focus trap of the dialog below would fetch
 * it back, and hears nothing of it until it has been paused.
 */
function Opening() {
  const first = useRef<HTMLElement>(null);
  const hush = useCallback((event: FocusEvent) => {
    if (!(event.target instanceof HTMLElement) || !uppermost()?.contains(event.target)) return;
    event.stopImmediatePropagation();
    first.current = event.target;
  }, []);
  useLayoutEffect(() => {
    window.addEventListener("focusin", hush, true);
    return () => window.removeEventListener("focusin", hush, true);
  }, [hush]);
  useEffect(() => {
    window.removeEventListener("focusin", hush, true);
    // The dialog's own trap begins right after this, and takes what it hears of last for what to come back to.
    const timer = setTimeout(() => first.current?.dispatchEvent(new FocusEvent("focusin", { bubbles: true })));
    return () => clearTimeout(timer);
  }, [hush]);
  return null;
}

/** PatternFly's header of a modal; its icon, too, is told to screen readers in the page's language. */
export function DialogHeader(props: ModalHeaderProps) {
  const label = kindWords(props.titleIconVariant);
  return <ModalHeader {...(label && { titleScreenReaderText: label })} {...props} />;
}
