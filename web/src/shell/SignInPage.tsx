import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import { Navigate, useSearchParams } from "react-router";
import { useSession } from "../api/session";
import { t } from "../words/i18n";
import { LanguageToggle } from "./Languages";
import { Logo } from "./Logo";
import { SignInForm } from "./SignInForm";
import "./signIn.css";

/** Only a path of our own may be returned to. */
function safeReturn(wanted: string | null): string {
  return wanted?.startsWith("/") && !wanted.startsWith("//") && !wanted.includes("\\") ? wanted : "/";
}

export default function SignInPage() {
  const [params] = useSearchParams();
  const session = useSession();
  const back = params.get("return");

  if (session.data) return <Navigate to={safeReturn(back)} replace />;
  return (
    <main className="lo-sign-in">
      <div className="lo-sign-in-brand">
        <Logo />
        <p>{t("Lights-out management for every server")}</p>
      </div>
      <Card className="lo-sign-in-card">
        <CardTitle component="h1">{t("Sign in")}</CardTitle>
        <CardBody>
          <SignInForm hint={back === null ? undefined : t("Sign in to go on where you were.")} />
        </CardBody>
      </Card>
      <LanguageToggle />
    </main>
  );
}
