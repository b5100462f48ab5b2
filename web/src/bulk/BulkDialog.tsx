import { Button, Content, Form, FormGroup, ModalBody, ModalFooter, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { useSession } from "../api/session";
import type { System } from "../api/types";
import { ConfirmName } from "../reinstall/fields";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { list } from "../words/format";
import { t } from "../words/i18n";
import { useBulk } from "./BulkProvider";
import { NodeNames } from "./NodeNames";
import { commonImages, ReinstallFields, type Install } from "./ReinstallFields";
import type { Order, Run } from "./run";
import { readStagger, textOf } from "./stagger";
import { StaggerFields } from "./StaggerFields";
import { choiceWords, destroys, effectWords, isTyped, usualStagger, type Choice } from "./words";

interface BulkDialogProps {
  choice: Choice;
  systems: System[];
  /** What this is to repeat: with the same answers, if nobody changes them. */
  before?: Run;
  onClose: () => void;
}

/** Names the nodes, says what will come of it, and asks for the rest. */
export default function BulkDialog({ choice, systems: given, before, onClose }: BulkDialogProps) {
  // What was asked for is what is confirmed, whatever happens to the fleet meanwhile.
  const [systems] = useState(given);
  const bulk = useBulk();
  const me = useSession().data?.account;
  const [stagger, setStagger] = useState(() => textOf(before?.stagger ?? usualStagger(choice)));
  const [said] = useState(() => saidIn(before?.order));
  const [text, setText] = useState(said.text);
  const [hours, setHours] = useState(said.hours);
  const [install, setInstall] = useState(
    () => said.install ?? { image: commonImages(systems)[0] ?? "", keys: "", password: "" },
  );
  const [typed, setTyped] = useState("");

  const number = systems.length;
  const [first] = systems;
  const action = choiceWords(choice);
  const wanted = number === 1 ? (first?.Name ?? "") : String(number);
  const danger = destroys(choice);
  const isNameWanted = isTyped(choice, number);
  const images = commonImages(systems);
  const order = orderOf(choice, text.trim(), hours, images.includes(install.image) ? install : null);
  const spread = readStagger(stagger);
  const isReady = order !== null && spread !== null && (!isNameWanted || typed.trim() === wanted);
  const held = systems.filter(({ Oem }) => {
    const reservation = Oem.Lightsout.Reservation;
    return reservation && reservation.Holder !== me;
  });
  const submit = () => {
    if (order === null || spread === null) return;
    void bulk.start(order, systems, spread, before);
    onClose();
  };
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby="bulk-title" aria-describedby="bulk-effect">
      <DialogHeader
        title={
          number === 1
            ? t("{{action}}: {{node}}?", { action, node: wanted })
            : t("{{action}}: {{number}} nodes?", { action, number })
        }
        labelId="bulk-title"
        {...(isNameWanted && { titleIconVariant: "warning" as const })}
      />
      <ModalBody>
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady) submit();
          }}
        >
          <Content component="p" id="bulk-effect">
            {effectWords(choice)}
          </Content>
          <NodeNames systems={systems} />
          {held.length > 0 && choice.kind !== "release" && (
            <Alert variant="warning" isInline component="p" title={t("Others have reserved some of these nodes")}>
              {t("The service refuses it for {{nodes}}.", { nodes: list(held.map(({ Name }) => Name)) })}
            </Alert>
          )}
          {choice.kind === "reserve" && (
            <ReserveFields reason={text} onReason={setText} hours={hours} onHours={setHours} />
          )}
          {choice.kind === "release" && (
            <FormGroup label={t("Note (for what others have reserved)")} fieldId="bulk-note">
              <TextInput id="bulk-note" value={text} maxLength={500} onChange={(_event, value) => setText(value)} />
            </FormGroup>
          )}
          {choice.kind === "reinstall" && <ReinstallFields systems={systems} value={install} onChange={setInstall} />}
          {number > 1 && <StaggerFields value={stagger} number={number} onChange={setStagger} />}
          {isNameWanted && <ConfirmName name={wanted} value={typed} onChange={setTyped} />}
          <p className="lo-muted">
            {choice.kind === "power"
              ? t("The service carries this out: it goes on when you close the page.")
              : t(
                  "This page carries this out: keep it open until it is done. You may go to other pages of the console.",
                )}
          </p>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          variant={danger ? "danger" : "primary"}
          isDisabled={!isReady}
          onClick={submit}
          data-testid="confirm-bulk"
        >
          {number === 1
            ? t("{{action}} {{node}}", { action, node: wanted })
            : t("{{action}}: {{number}} nodes", { action, number })}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}

/** Null while something is missing that it takes. */
function orderOf(choice: Choice, text: string, hours: string, install: Install | null): Order | null {
  if (choice.kind === "reserve") {
    const minutes = hours === "" ? null : Math.round(60 * Number(hours));
    return text === "" ? null : { kind: "reserve", reason: text, minutes };
  }
  if (choice.kind === "release") return { kind: "release", note: text };
  if (choice.kind === "reinstall") return install && { kind: "reinstall", ...install };
  return choice;
}

/** The answers that are in an order. */
function saidIn(order: Order | undefined): { text: string; hours: string; install?: Install } {
  const nothing = { text: "", hours: "" };
  if (order?.kind === "reserve")
    return { text: order.reason, hours: order.minutes === null ? "" : String(order.minutes / 60) };
  if (order?.kind === "release") return { ...nothing, text: order.note };
  return order?.kind === "reinstall" ? { ...nothing, install: order } : nothing;
}

interface ReserveFieldsProps {
  reason: string;
  onReason: (reason: string) => void;
  hours: string;
  onHours: (hours: string) => void;
}

function ReserveFields({ reason, onReason, hours, onHours }: ReserveFieldsProps) {
  return (
    <>
      <FormGroup label={t("Why")} fieldId="bulk-reason" isRequired>
        <TextInput
          id="bulk-reason"
          isRequired
          value={reason}
          maxLength={500}
          onChange={(_event, value) => onReason(value)}
        />
      </FormGroup>
      <FormGroup label={t("For how many hours (empty: until it is released)")} fieldId="bulk-hours">
        <TextInput
          id="bulk-hours"
          type="number"
          min={0.25}
          step="any"
          value={hours}
          onChange={(_event, value) => onHours(value)}
        />
      </FormGroup>
    </>
  );
}
