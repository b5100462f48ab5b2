import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr, type IAction } from "@patternfly/react-table";
import { useState } from "react";
import { useChange, useMembers, type Destination } from "../api/administration";
import { post, remove } from "../api/http";
import { PATHS } from "../api/paths";
import { useMayOperate } from "../api/session";
import { useNotices } from "../shell/Notices";
import { OrderDialog } from "../shell/OrderDialog";
import { t } from "../words/i18n";
import { DeliveryHistory } from "./DeliveryHistory";
import { HookDialog } from "./HookDialog";
import { Section, Shown } from "./parts";
import { RowActions } from "./RowActions";
import { severityWords } from "./words";

const AGAIN_MS = 5000;
const HEALTH = { OK: "success", Warning: "warning", Critical: "danger" } as const;

type Asked = { do: "add" } | { do: "change" | "delete" | "history"; hook: Destination };

/** Who outside hears of events, and how that goes. */
export default function Hooks() {
  const hooks = useMembers<Destination>(PATHS.subscriptions, AGAIN_MS);
  const mayOperate = useMayOperate();
  const { done, failed } = useNotices();
  const test = useChange(() => post(PATHS.testEvent));
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
          {[hook.Context, ...hook.Severities.map((one) => severityWords(one))].filter(Boolean).join(" · ")}
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
        <RowActions label={t("Actions on {{account}}", { account: hook.Destination })} items={items} />
      </Td>
    </Tr>
  );
}

function DeleteDialog({ hook, onClose }: { hook: Destination; onClose: () => void }) {
  const order = useChange(() => remove(hook["@odata.id"]));
  return (
    <OrderDialog
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
