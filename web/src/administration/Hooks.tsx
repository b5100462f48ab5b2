import { Button, Checkbox, FormGroup, Label } from "@patternfly/react-core";
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr, type IAction } from "@patternfly/react-table";
import { useState } from "react";
import {
  SUBSCRIPTIONS,
  TEST_EVENT,
  useChange,
  useMembers,
  useResource,
  type Destination,
  type EventService,
} from "../api/administration";
import { patch, post, remove } from "../api/http";
import { useMayOperate } from "../api/session";
import type { Health } from "../api/types";
import { useNotices } from "../shell/Notices";
import { named, t, type Message } from "../words/i18n";
import { DeliveryHistory } from "./DeliveryHistory";
import { Choice, Field, FormDialog, Section, Shown } from "./parts";

const AGAIN_MS = 5000;
const POLICIES: Record<string, Message> = {
  RetryForeverWithBackoff: "Try again, ever more slowly",
  RetryForever: "Try again at the same pace",
  SuspendRetries: "Suspend it after some tries",
  TerminateAfterRetries: "Delete it after some tries",
};
const SEVERITIES: Record<Health, Message> = { OK: "For information", Warning: "Warning", Critical: "Critical" };
const HEALTH = { OK: "success", Warning: "warning", Critical: "danger" } as const;

type Asked = { do: "add" } | { do: "change" | "delete" | "history"; hook: Destination };

/** Who outside hears of events, and how that goes. */
export default function Hooks() {
  const hooks = useMembers<Destination>(SUBSCRIPTIONS, AGAIN_MS);
  const mayOperate = useMayOperate();
  const { done, failed } = useNotices();
  const test = useChange(() => post(TEST_EVENT));
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const sendTest = () =>
    test.mutate(undefined, {
      onSuccess: () => done(t("A test event is on its way to every destination")),
      onError: (error) => failed(t("No test was sent"), error),
    });
  return (
    <Section
      title={t("Hooks")}
      about={t("Destinations outside that are told of events: your webhooks, and what the configuration file names.")}
      actions={
        mayOperate && (
          <>
            <Button variant="secondary" isLoading={test.isPending} isDisabled={test.isPending} onClick={sendTest}>
              {t("Send a test event")}
            </Button>
            <Button onClick={() => setAsked({ do: "add" })}>{t("Add a webhook…")}</Button>
          </>
        )
      }
    >
      <Shown
        of={hooks}
        failed={t("Hooks cannot be shown")}
        empty={t("No hooks")}
        remedy={t("Add a webhook; programs, syslog and mail stand in the service’s configuration file.")}
      >
        {(all) => (
          <Table aria-label={t("Hooks")} variant="compact" gridBreakPoint="grid-xl">
            <Thead>
              <Tr>
                <Th width={40}>{t("Destination")}</Th>
                <Th>{t("Of")}</Th>
                <Th>{t("State")}</Th>
                <Th>{t("Delivered")}</Th>
                <Th>{t("Waiting")}</Th>
                <Th screenReaderText={t("Actions")} />
              </Tr>
            </Thead>
            <Tbody>
              {all.map((hook) => (
                <Row key={hook.Id} hook={hook} onAsk={setAsked} />
              ))}
            </Tbody>
          </Table>
        )}
      </Shown>
      {asked?.do === "add" && <HookDialog onClose={close} />}
      {asked?.do === "change" && <HookDialog hook={asked.hook} onClose={close} />}
      {asked?.do === "delete" && <DeleteDialog hook={asked.hook} onClose={close} />}
      {asked?.do === "history" && <DeliveryHistory path={asked.hook["@odata.id"]} onClose={close} />}
    </Section>
  );
}

function Row({ hook, onAsk }: { hook: Destination; onAsk: (asked: Asked) => void }) {
  const { failed } = useNotices();
  const ours = hook.Oem.Lightsout;
  const act = useChange((target: string) => post(target));
  const doIt = (target: string) =>
    act.mutate(target, { onError: (error) => failed(t("The hook was not changed"), error) });
  const suspend = hook.Actions?.["#EventDestination.SuspendSubscription"]?.target;
  const resume = hook.Actions?.["#EventDestination.ResumeSubscription"]?.target;
  const suspended = hook.Status.State === "Disabled";
  const items: IAction[] = [
    { title: t("Deliveries…"), onClick: () => onAsk({ do: "history", hook }) },
    ...(suspend !== undefined && resume !== undefined
      ? [
          { title: t("Change…"), onClick: () => onAsk({ do: "change", hook }) },
          suspended
            ? { title: t("Resume"), onClick: () => doIt(resume) }
            : { title: t("Suspend"), onClick: () => doIt(suspend) },
          ...(!suspended && hook.Status.Health !== "OK"
            ? [{ title: t("Try again now"), onClick: () => doIt(resume) }]
            : []),
          { isSeparator: true },
          { title: t("Delete…"), onClick: () => onAsk({ do: "delete", hook }) },
        ]
      : []),
  ];
  return (
    <Tr data-testid={`hook-${hook.Id}`}>
      <Td dataLabel={t("Destination")} modifier="breakWord">
        <code>{hook.Destination}</code>
        <div className="lo-muted">
          {[hook.Context, ...hook.Severities.map((one) => t(SEVERITIES[one]))].filter(Boolean).join(" · ")}
        </div>
      </Td>
      <Td dataLabel={t("Of")}>{ours.Account ?? t("configuration file")}</Td>
      <Td dataLabel={t("State")} modifier="breakWord">
        <Label status={HEALTH[hook.Status.Health ?? "OK"]}>
          {suspended ? t("Suspended") : hook.Status.Health === "OK" ? t("Delivers") : t("Fails")}
        </Label>
        {hook.Status.Conditions?.map(({ Message: why }) => (
          <div key={why} className="lo-reason">
            {why}
          </div>
        ))}
      </Td>
      <Td dataLabel={t("Delivered")}>{ours.Delivered}</Td>
      <Td dataLabel={t("Waiting")}>{ours.EventsWaiting}</Td>
      <Td isActionCell>
        <ActionsColumn
          items={items}
          popperProps={{ position: "right" }}
          aria-label={t("Actions on {{account}}", { account: hook.Destination })}
        />
      </Td>
    </Tr>
  );
}

function HookDialog({ hook, onClose }: { hook?: Destination; onClose: () => void }) {
  const known = useResource<EventService>("/redfish/v1/EventService").data?.Severities ?? [];
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
    const origins = nodes.split(/[\s,]+/).filter((name) => name !== "");
    await post(SUBSCRIPTIONS, {
      Destination: url,
      Protocol: "Redfish",
      ...body,
      ...(severities.length === 0 ? {} : { Severities: severities }),
      ...(origins.length === 0
        ? {}
        : {
            OriginResources: origins.map((name) => ({
              "@odata.id": `/redfish/v1/Systems/${encodeURIComponent(name)}`,
            })),
          }),
    });
  });
  return (
    <FormDialog
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
                label={t(SEVERITIES[severity])}
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
    </FormDialog>
  );
}

function DeleteDialog({ hook, onClose }: { hook: Destination; onClose: () => void }) {
  const order = useChange(() => remove(hook["@odata.id"]));
  return (
    <FormDialog
      kind="delete"
      title={t("Delete this webhook?")}
      description={t("{{destination}} is told no more; what waits for it is dropped.", {
        destination: hook.Destination,
      })}
      action={t("Delete it")}
      refused={t("The webhook was not deleted")}
      isDanger
      order={order}
      onSubmit={() => order.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
