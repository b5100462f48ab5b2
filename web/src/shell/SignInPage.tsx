import { ActionGroup, Button, Card, CardBody, CardTitle, Form, FormGroup, TextInput } from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { Navigate, useSearchParams } from "react-router";
import { useSession, useSignIn } from "../api/session";
import { capitalised } from "../words/format";
import { t } from "../words/i18n";
import { Alert } from "./Alert";
import { LanguageToggle } from "./Languages";
import { Logo } from "./Logo";

/** Only a path of our own may be returned to. */
function safeReturn(wanted: string | null): string {
  return wanted?.startsWith("/") && !wanted.startsWith("//") && !wanted.includes("\\") ? wanted : "/";
}

export default function SignInPage() {
  const [params] = useSearchParams();
  const session = useSession();
  const signIn = useSignIn();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const back = params.get("return");

  if (session.data) return <Navigate to={safeReturn(back)} replace />;

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    signIn.mutate({ user, password }, { onError: () => setPassword("") });
  };
  return (
    <main className="lo-sign-in">
      <div className="lo-sign-in-brand">
        <Logo />
        <p>{t("Lights-out management for every server")}</p>
      </div>
      <Card className="lo-sign-in-card">
        <CardTitle component="h1">{t("Sign in")}</CardTitle>
        <CardBody>
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
            {back !== null && !signIn.isError && (
              <Alert variant="info" isInline isPlain title={t("Sign in to go on where you were.")} />
            )}
            <FormGroup label={t("User name")} fieldId="user" isRequired>
              <TextInput
                id="user"
                name="username"
                autoComplete="username"
                autoFocus
                autoCapitalize="none"
                spellCheck={false}
                isRequired
                value={user}
                onChange={(_event, value) => setUser(value)}
              />
            </FormGroup>
            <FormGroup label={t("Password")} fieldId="password" isRequired>
              <TextInput
                id="password"
                name="password"
                type="password"
                autoComplete="current-password"
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
        </CardBody>
      </Card>
      <LanguageToggle />
    </main>
  );
}
