import { ActionGroup, Button, Form, FormGroup, TextInput } from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { useSignIn } from "../api/session";
import type { Session } from "../api/types";
import { capitalised } from "../words/format";
import { t } from "../words/i18n";
import { Alert } from "./Alert";

interface SignInFormProps {
  /** Who alone may sign in here; otherwise anybody says who they are. */
  account?: string;
  /** What is told while nothing was refused. */
  hint?: string | undefined;
  onSignedIn?: (session: Session) => void;
}

export function SignInForm({ account, hint, onSignedIn }: SignInFormProps) {
  const signIn = useSignIn();
  const [user, setUser] = useState(account ?? "");
  const [password, setPassword] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    signIn.mutate(
      { user, password },
      { onSuccess: (session) => onSignedIn?.(session), onError: () => setPassword("") },
    );
  };
  return (
    <Form onSubmit={submit}>
      {signIn.isError && (
        <Alert
          variant="danger"
          isInline
          title={capitalised(signIn.error.message)}
          role="alert"
          data-testid="sign-in-error"
        />
      )}
      {hint !== undefined && !signIn.isError && <Alert variant="info" isInline isPlain title={hint} />}
      <FormGroup label={t("User name")} fieldId="user" isRequired>
        <TextInput
          id="user"
          name="username"
          autoComplete="username"
          autoFocus={account === undefined}
          autoCapitalize="none"
          spellCheck={false}
          isRequired
          value={user}
          {...(account !== undefined && { readOnlyVariant: "default" })}
          onChange={(_event, value) => setUser(value)}
        />
      </FormGroup>
      <FormGroup label={t("Password")} fieldId="password" isRequired>
        <TextInput
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          autoFocus={account !== undefined}
          isRequired
          value={password}
          onChange={(_event, value) => setPassword(value)}
        />
      </FormGroup>
      <ActionGroup>
        <Button
          type="submit"
          isBlock
          isLoading={signIn.isPending}
          isDisabled={signIn.isPending || user === "" || password === ""}
        >
          {t("Sign in")}
        </Button>
      </ActionGroup>
    </Form>
  );
}
