import { Button, EmptyState, EmptyStateBody, FormGroup, Label, TextArea } from "@patternfly/react-core";
import { useState } from "react";
import {
  CERTIFICATE,
  CERTIFICATE_SERVICE,
  useChange,
  useResource,
  type Certificate,
  type CertificateService,
} from "../api/administration";
import { ApiError, post } from "../api/http";
import { useManagerActions } from "../api/manager";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { useNotices } from "../shell/Notices";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { Facts } from "./Facts";
import { saveAs } from "./file";
import { Field, FormDialog, Help, Section } from "./parts";

const COLLECTION = CERTIFICATE.slice(0, CERTIFICATE.lastIndexOf("/"));
const DAY_MS = 86_400_000;

/** What HTTPS is served with. */
export default function Certificates() {
  const certificate = useResource<Certificate>(CERTIFICATE);
  const service = useResource<CertificateService>(CERTIFICATE_SERVICE);
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
            onClick={() => saveAs("lightsout.pem", of.CertificateString ?? "")}
          >
            {t("Save it as a file")}
          </Button>,
        ],
      ]}
    />
  );
}

function RequestDialog({ target, proposed, onClose }: { target: string; proposed: string; onClose: () => void }) {
  const [name, setName] = useState(proposed);
  const [others, setOthers] = useState("");
  const [organization, setOrganization] = useState("");
  const { done } = useNotices();
  const order = useChange(async () => {
    const names = others.split(/[\s,]+/).filter((word) => word !== "");
    const answer = await post<{ CSRString: string }>(target, {
      CertificateCollection: { "@odata.id": COLLECTION },
      CommonName: name,
      ...(names.length === 0 ? {} : { AlternativeNames: names }),
      ...(organization === "" ? {} : { Organization: organization }),
    });
    return answer.body.CSRString;
  });
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: (csr) => {
        saveAs("lightsout.csr", csr);
        done(t("The request was saved as lightsout.csr"));
        onClose();
      },
    });
  return (
    <FormDialog
      kind="request"
      title={t("Make a certificate request")}
      description={t("With a new key, which stays in the service. Only the answer to the last request can be used.")}
      action={t("Make and save it")}
      refused={t("The request was not made")}
      isReady={name !== ""}
      order={order}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field id="csr-name" label={t("Host name")} value={name} onChange={setName} isRequired />
      <Field
        id="csr-others"
        label={t("Other host names and addresses")}
        help={t("With spaces between them.")}
        value={others}
        onChange={setOthers}
      />
      <Field id="csr-organization" label={t("Organisation")} value={organization} onChange={setOrganization} />
    </FormDialog>
  );
}

function RenewDialog({ target, onClose }: { target: string; onClose: () => void }) {
  const { done } = useNotices();
  const order = useChange(() => post(target));
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: () => {
        done(t("The certificate was replaced"));
        onClose();
      },
    });
  return (
    <FormDialog
      kind="renew"
      title={t("Make a new self-signed certificate?")}
      description={t(
        "For the same names. Browsers and clients that trust the present one must be told to trust the new one.",
      )}
      action={t("Renew it")}
      refused={t("The certificate was not replaced")}
      order={order}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}

function ReplaceDialog({ target, onClose }: { target: string; onClose: () => void }) {
  const [text, setText] = useState("");
  const { done } = useNotices();
  const order = useChange(() =>
    post(target, {
      CertificateString: text,
      CertificateType: "PEMchain",
      CertificateUri: { "@odata.id": CERTIFICATE },
    }),
  );
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: () => {
        done(t("The certificate was replaced"));
        onClose();
      },
    });
  return (
    <FormDialog
      kind="replace"
      title={t("Replace the certificate")}
      description={t("What is expired, without its key or of no use to browsers is refused, and nothing changes.")}
      action={t("Replace it")}
      refused={t("The certificate was not replaced")}
      isReady={text.trim() !== ""}
      order={order}
      onSubmit={submit}
      onClose={onClose}
    >
      <FormGroup label={t("Certificates (PEM)")} fieldId="pem" isRequired>
        <TextArea
          id="pem"
          className="lo-mono"
          rows={10}
          spellCheck={false}
          resizeOrientation="vertical"
          value={text}
          onChange={(_event, value) => setText(value)}
        />
        <Help id="pem-help">
          {t("The server’s own first, then those between it and the authority’s; its private key only if it is new.")}
        </Help>
      </FormGroup>
    </FormDialog>
  );
}
