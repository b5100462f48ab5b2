/** What can be done about the certificate of HTTPS. */
import { FormGroup, TextArea } from "@patternfly/react-core";
import { useState } from "react";
import { useChange } from "../api/administration";
import { post } from "../api/http";
import { PATHS } from "../api/paths";
import { download } from "../console/files";
import { Help } from "../shell/Help";
import { useNotices } from "../shell/Notices";
import { OrderDialog } from "../shell/OrderDialog";
import { Field } from "../shell/fields";
import { t } from "../words/i18n";
import { wordsIn } from "../words/wordsIn";

export function RequestDialog({
  target,
  proposed,
  onClose,
}: {
  target: string;
  proposed: string;
  onClose: () => void;
}) {
  const [name, setName] = useState(proposed);
  const [others, setOthers] = useState("");
  const [organization, setOrganization] = useState("");
  const { done } = useNotices();
  const order = useChange(async () => {
    const names = wordsIn(others);
    const answer = await post<{ CSRString: string }>(target, {
      CertificateCollection: { "@odata.id": PATHS.certificates },
      CommonName: name,
      ...(names.length === 0 ? {} : { AlternativeNames: names }),
      ...(organization === "" ? {} : { Organization: organization }),
    });
    return answer.body.CSRString;
  });
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: (csr) => {
        download(new Blob([csr]), "lightsout.csr");
        done(t("The request was saved as lightsout.csr"));
        onClose();
      },
    });
  return (
    <OrderDialog
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
    </OrderDialog>
  );
}

/** An order after which HTTPS has another certificate, and its dialog is done. */
function useReplacement(replace: () => Promise<unknown>, onClose: () => void) {
  const { done } = useNotices();
  const order = useChange(replace);
  const submit = () =>
    order.mutate(undefined, {
      onSuccess: () => {
        done(t("The certificate was replaced"));
        onClose();
      },
    });
  return { order, submit };
}

export function RenewDialog({ target, onClose }: { target: string; onClose: () => void }) {
  const { order, submit } = useReplacement(() => post(target), onClose);
  return (
    <OrderDialog
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

export function ReplaceDialog({ target, onClose }: { target: string; onClose: () => void }) {
  const [text, setText] = useState("");
  const body = {
    CertificateString: text,
    CertificateType: "PEMchain",
    CertificateUri: { "@odata.id": PATHS.certificate },
  };
  const { order, submit } = useReplacement(() => post(target, body), onClose);
  return (
    <OrderDialog
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
    </OrderDialog>
  );
}
