import { Button, Label, ModalBody, ModalFooter, Title } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useResource, type DeadLetter, type Delivery, type Destination } from "../api/administration";
import type { Event } from "../api/types";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { moment } from "../words/format";
import { t, type Message } from "../words/i18n";

const AGAIN_MS = 2000;
const OUTCOMES: Record<string, { label: Message; status: "success" | "warning" | "danger" }> = {
  Delivered: { label: "Delivered", status: "success" },
  Failed: { label: "Failed, is tried again", status: "warning" },
  Dead: { label: "Given up", status: "danger" },
};

/** What was tried of late, and what could not be delivered at all. */
export function DeliveryHistory({ path, onClose }: { path: string; onClose: () => void }) {
  const hook = useResource<Destination>(path, AGAIN_MS);
  return (
    <Dialog variant="large" onClose={onClose} aria-labelledby="history-title">
      <DialogHeader title={t("Deliveries")} labelId="history-title" description={hook.data?.Destination} />
      <ModalBody tabIndex={0} role="region" aria-label={t("Deliveries")}>
        {hook.data ? (
          <>
            <Deliveries of={hook.data.Oem.Lightsout.Deliveries} />
            <DeadLetters of={hook.data.Oem.Lightsout.DeadLetters} />
          </>
        ) : hook.error ? (
          <ErrorPanel title={t("Deliveries cannot be shown")} error={hook.error} retry={() => void hook.refetch()} />
        ) : (
          <Loading />
        )}
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>{t("Close")}</Button>
      </ModalFooter>
    </Dialog>
  );
}

function Deliveries({ of }: { of: Delivery[] }) {
  if (of.length === 0) return <p>{t("Nothing was sent yet. A test event shows whether it would arrive.")}</p>;
  return (
    <Table aria-label={t("Deliveries")} variant="compact" gridBreakPoint="grid-lg" data-testid="deliveries">
      <Thead>
        <Tr>
          <Th>{t("When")}</Th>
          <Th width={40}>{t("Event")}</Th>
          <Th>{t("Outcome")}</Th>
          <Th>{t("Took")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {[...of].reverse().map((delivery) => (
          <Tr key={`${delivery.Created} ${delivery.FirstEventId}`}>
            <Td dataLabel={t("When")}>{moment(delivery.Created)}</Td>
            <Td dataLabel={t("Event")} modifier="breakWord">
              {delivery.Message ?? t("event {{id}}", { id: delivery.FirstEventId })}
              {delivery.Events > 1 && (
                <div className="lo-muted">{t("and {{number}} more", { number: delivery.Events - 1 })}</div>
              )}
            </Td>
            <Td dataLabel={t("Outcome")} modifier="breakWord">
              <Outcome of={delivery} />
              {delivery.Reason !== null && <div className="lo-reason">{delivery.Reason}</div>}
            </Td>
            <Td dataLabel={t("Took")}>{t("{{number}} ms", { number: delivery.Milliseconds })}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Outcome({ of: { Outcome: name } }: { of: Delivery }) {
  const look = OUTCOMES[name];
  return look ? <Label status={look.status}>{t(look.label)}</Label> : <Label>{name}</Label>;
}

/** What the event said that was not delivered, as it would have been sent. */
function messageOf({ Event }: DeadLetter): string | undefined {
  return (Event as Event | null)?.Events[0]?.Message;
}

function DeadLetters({ of }: { of: DeadLetter[] }) {
  if (of.length === 0) return null;
  return (
    <section className="lo-section lo-after" aria-label={t("Never delivered")}>
      <Title headingLevel="h2">{t("Never delivered")}</Title>
      <ul className="lo-messages">
        {[...of].reverse().map((letter) => (
          <li key={`${letter.Created} ${letter.EventId ?? ""}`}>
            <strong>{moment(letter.Created)}</strong>{" "}
            {letter.EventsMissed === null
              ? (messageOf(letter) ?? t("event {{id}}", { id: letter.EventId ?? "–" }))
              : t("{{number}} events that were no longer kept", { number: letter.EventsMissed })}
            <div className="lo-reason">{letter.Reason}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}
