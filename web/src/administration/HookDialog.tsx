import { Checkbox, FormGroup } from "@patternfly/react-core";
import { useState } from "react";
import { useChange, useResource, type Destination, type EventService } from "../api/administration";
import { patch, post } from "../api/http";
import { memberPath, PATHS } from "../api/paths";
import type { Health } from "../api/types";
import { OrderDialog } from "../shell/OrderDialog";
import { Choice, Field } from "../shell/fields";
import { named, t, type Message } from "../words/i18n";
import { wordsIn } from "../words/wordsIn";
import { severityWords } from "./words";

const POLICIES: Record<string, Message> = {
  RetryForeverWithBackoff: "Try again, ever more slowly",
  RetryForever: "Try again at the same pace",
  SuspendRetries: "Suspend it after some tries",
  TerminateAfterRetries: "Delete it after some tries",
};

/** Adds a webhook, or changes the one that is given. */
export function HookDialog({ hook, onClose }: { hook?: Destination; onClose: () => void }) {
  const known = useResource<EventService>(PATHS.events).data?.Severities ?? [];
  const [url, setUrl] = useState("");
  const [context, setContext] = useState(hook?.Context ?? "");
  const [secret, setSecret] = useState("");
  const [policy, setPolicy] = useState<string>(hook?.DeliveryRetryPolicy ?? "RetryForeverWithBackoff");
  const [verify, setVerify] = useState(hook?.VerifyCertificate ?? true);
  const [severities, setSeverities] = useState<Health[]>([]);
  const [nodes, setNodes] = useState("");
  const order = useChange(async () => {
    const body = {
      Context: context,
      DeliveryRetryPolicy: policy,
      VerifyCertificate: verify,
      ...(secret === "" ? {} : { Oem: { Lightsout: { HmacSecret: secret } } }),
    };
    if (hook) return patch(hook["@odata.id"], body);
    const origins = wordsIn(nodes);
    await post(PATHS.subscriptions, {
      Destination: url,
      Protocol: "Redfish",
      ...body,
      ...(severities.length === 0 ? {} : { Severities: severities }),
      ...(origins.length === 0
        ? {}
        : {
            OriginResources: origins.map((name) => ({
              "@odata.id": memberPath(PATHS.systems, name),
            })),
          }),
    });
  });
  return (
    <OrderDialog
      kind="hook"
      title={hook ? t("Change the webhook") : t("Add a webhook")}
      description={
        hook ? hook.Destination : t("Each event that you may see is sent to it as JSON, in order, until it was taken.")
      }
      action={hook ? t("Change it") : t("Add it")}
      refused={hook ? t("The webhook was not changed") : t("The webhook was not added")}
      isReady={hook !== undefined || url !== ""}
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      {!hook && <Field id="hook-url" label={t("URL")} type="url" value={url} onChange={setUrl} isRequired />}
      <Field id="hook-context" label={t("Name")} value={context} onChange={setContext} />
      {!hook && (
        <>
          <FormGroup role="group" label={t("Only events that are")} fieldId="hook-severities">
            {known.map((severity) => (
              <Checkbox
                key={severity}
                id={`hook-${severity}`}
                label={severityWords(severity)}
                isChecked={severities.includes(severity)}
                onChange={(_event, checked) =>
                  setSeverities((before) =>
                    checked ? [...before, severity] : before.filter((one) => one !== severity),
                  )
                }
              />
            ))}
          </FormGroup>
          <Field
            id="hook-nodes"
            label={t("Only of these servers")}
            help={t("Names with spaces between them. Empty: of all, and of the service itself.")}
            value={nodes}
            onChange={setNodes}
          />
        </>
      )}
      <Choice
        id="hook-policy"
        label={t("While it does not take them")}
        value={policy}
        onChange={setPolicy}
        options={Object.keys(POLICIES).map((name) => ({ value: name, label: named(POLICIES, name) }))}
      />
      <Field
        id="hook-secret"
        label={t("Secret to sign with")}
        help={
          hook?.Oem.Lightsout.HmacSecretSet
            ? t("Empty: it keeps the one it has.")
            : t("16 characters or more; the receiver checks by it who sent an event.")
        }
        type="password"
        value={secret}
        onChange={setSecret}
      />
      <Checkbox
        id="hook-verify"
        label={t("Insist on a valid certificate")}
        isChecked={verify}
        onChange={(_event, checked) => setVerify(checked)}
      />
    </OrderDialog>
  );
}
