import { Button, EmptyState, EmptyStateBody, Label } from "@patternfly/react-core";
import { useState } from "react";
import { useResource, type Certificate, type CertificateService } from "../api/administration";
import { ApiError } from "../api/http";
import { useManagerActions } from "../api/manager";
import { PATHS } from "../api/paths";
import { download } from "../console/files";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { Facts } from "../words/Facts";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { RenewDialog, ReplaceDialog, RequestDialog } from "./certificateDialogs";
import { Section } from "./parts";

const DAY_MS = 86_400_000;

/** What HTTPS is served with. */
export default function Certificates() {
  const certificate = useResource<Certificate>(PATHS.certificate);
  const service = useResource<CertificateService>(PATHS.certificateService);
  const renew = useManagerActions()["#Lightsout.RenewCertificate"]?.target;
  const [asked, setAsked] = useState<"request" | "replace" | "renew">();
  const close = () => setAsked(undefined);

  if (!certificate.data || !service.data) {
    const error = certificate.error ?? service.error;
    if (error instanceof ApiError && error.status === 404)
      return (
        <EmptyState titleText={t("No certificate")} headingLevel="h2">
          <EmptyStateBody>
            {t("The service speaks plain HTTP here, on its own machine. Beyond it, it speaks HTTPS alone.")}
          </EmptyStateBody>
        </EmptyState>
      );
    if (error === null) return <Loading />;
    const retry = () => {
      void certificate.refetch();
      void service.refetch();
    };
    return <ErrorPanel title={t("The certificate cannot be shown")} error={error} retry={retry} />;
  }
  const request = service.data.Actions?.["#CertificateService.GenerateCSR"]?.target;
  const replace = service.data.Actions?.["#CertificateService.ReplaceCertificate"]?.target;
  return (
    <Section
      title={t("Certificate")}
      about={
        replace === undefined
          ? t("It is read from files that the configuration names; replace those, and start the service anew.")
          : t("Have a request made, have it signed, and put the answer in place. Open connections go on.")
      }
      actions={
        <>
          {renew !== undefined && (
            <Button variant="secondary" onClick={() => setAsked("renew")}>
              {t("Renew it, self-signed…")}
            </Button>
          )}
          {request !== undefined && (
            <Button variant="secondary" onClick={() => setAsked("request")}>
              {t("Make a request…")}
            </Button>
          )}
          {replace !== undefined && <Button onClick={() => setAsked("replace")}>{t("Replace it…")}</Button>}
        </>
      }
    >
      <CertificateFacts of={certificate.data} />
      {asked === "renew" && renew !== undefined && <RenewDialog target={renew} onClose={close} />}
      {asked === "request" && request !== undefined && (
        <RequestDialog target={request} proposed={certificate.data.Subject.CommonName} onClose={close} />
      )}
      {asked === "replace" && replace !== undefined && <ReplaceDialog target={replace} onClose={close} />}
    </Section>
  );
}

function CertificateFacts({ of }: { of: Certificate }) {
  const left = Math.floor((new Date(of.ValidNotAfter).getTime() - useNow(60_000)) / DAY_MS);
  const ownName = of.Subject.DisplayString === of.Issuer.DisplayString;
  return (
    <Facts
      rows={[
        [t("For"), of.Subject.DisplayString],
        [t("Host names and addresses"), of.Subject.AlternativeNames?.join(", ")],
        [
          t("Signed by"),
          <span className="lo-labels" key="issuer">
            {of.Issuer.DisplayString}
            {ownName && <Label status="warning">{t("by itself; browsers warn of it")}</Label>}
          </span>,
        ],
        [t("Valid from"), moment(of.ValidNotBefore)],
        [
          t("Valid until"),
          <span className="lo-labels" key="until">
            {moment(of.ValidNotAfter)}
            <Label status={left < 0 ? "danger" : left < 30 ? "warning" : "success"}>
              {left < 0 ? t("expired") : t("{{count}} days left", { count: left })}
            </Label>
          </span>,
        ],
        [t("Fingerprint (SHA-256)"), <code key="fingerprint">{of.Fingerprint}</code>],
        [t("Serial number"), <code key="serial">{of.SerialNumber}</code>],
        [
          t("The certificate itself"),
          <Button
            key="save"
            variant="link"
            isInline
            onClick={() => download(new Blob([of.CertificateString ?? ""]), "lightsout.pem")}
          >
            {t("Save it as a file")}
          </Button>,
        ],
      ]}
    />
  );
}
