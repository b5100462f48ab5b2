import { Button, Content, ModalBody, ModalFooter } from "@patternfly/react-core";
import { useEffect } from "react";
import { currentSession, leave } from "../api/session";
import type { Session } from "../api/types";
import { useStreamState } from "../events/LiveUpdates";
import { t } from "../words/i18n";
import { Dialog, DialogHeader } from "./Dialog";
import { SignInForm } from "./SignInForm";

interface SignInAgainProps {
  /** Whose session it was. */
  account: string;
  onSignedIn: (session: Session) => void;
}

/** Over the page, which keeps what was typed in it, and which nobody who comes by shall read. */
export function SignInAgain({ account, onSignedIn }: SignInAgainProps) {
  const stream = useStreamState();
  useEffect(() => {
    // Another tab of the browser may have signed in.
    if (stream !== "up") return;
    void currentSession().then(
      (session) => session !== null && onSignedIn(session),
      () => undefined,
    );
  }, [stream, onSignedIn]);
  return (
    <Dialog
      variant="small"
      isOverAll
      backdropClassName="lo-opaque"
      aria-labelledby="sign-in-again-title"
      aria-describedby="sign-in-again-body"
      data-testid="sign-in-again"
    >
      <DialogHeader title={t("Your session has ended")} labelId="sign-in-again-title" />
      <ModalBody>
        <Content component="p" id="sign-in-again-body">
          {t("Sign in again to go on where you were. What you have typed is kept.")}
        </Content>
        <SignInForm account={account} onSignedIn={onSignedIn} />
      </ModalBody>
      <ModalFooter>
        <Button variant="link" onClick={leave}>
          {t("Sign in as somebody else")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
