import {
  ActionGroup,
  Button,
  Card,
  CardBody,
  CardTitle,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Radio,
} from "@patternfly/react-core";
import { useState, type SubmitEvent } from "react";
import { Trans } from "react-i18next";
import { useMayOperate } from "../api/session";
import { useBootOverride, type BootOrder } from "../api/systems";
import type { BootEnabled, BootMode, System } from "../api/types";
import { Alert } from "../shell/Alert";
import { t } from "../words/i18n";
import { targetWords } from "./targets";

/** Where the next boot goes, as set now, and a form for those who may change it. */
export function BootDevice({ system }: { system: System }) {
  const target = system.Boot?.BootSourceOverrideTarget ?? "None";
  const enabled = system.Boot?.BootSourceOverrideEnabled ?? "Disabled";
  const mayOperate = useMayOperate();
  const active = enabled !== "Disabled" && target !== "None";
  const mode = system.Boot?.BootSourceOverrideMode;
  // Where there is a choice, what stands there without an override is nobody's.
  const isModeKnown = active || modesOf(system).length === 1;
  return (
    <Card>
      <CardTitle component="h2">{t("Boot device")}</CardTitle>
      <CardBody>
        <div aria-live="polite" data-testid="boot-override" className="lo-now">
          <p>
            {active ? (
              <Trans
                i18nKey={
                  enabled === "Once" ? "<b>{{target}}</b> at the next boot only" : "<b>{{target}}</b> at every boot"
                }
                values={{ target: targetWords(target) }}
                components={{ b: <strong /> }}
              />
            ) : (
              t("Boots in its own order.")
            )}
          </p>
          {mode && isModeKnown && <p className="lo-muted">{t("Boot mode: {{mode}}", { mode })}</p>}
        </div>
        {mayOperate && (
          <BootForm
            key={`${target} ${enabled} ${mode ?? ""}`}
            system={system}
            target={active ? target : "None"}
            enabled={active ? enabled : "Once"}
          />
        )}
      </CardBody>
    </Card>
  );
}

const modesOf = (system: System) => system.Boot?.["BootSourceOverrideMode@Redfish.AllowableValues"] ?? [];

function BootForm({
  system,
  target: setTargetIs,
  enabled: setEnabledIs,
}: {
  system: System;
  target: string;
  enabled: BootEnabled;
}) {
  const change = useBootOverride(system);
  const [target, setTarget] = useState(setTargetIs);
  const [enabled, setEnabled] = useState<BootEnabled>(setEnabledIs);
  const modes = modesOf(system);
  const [mode, setMode] = useState("");
  const allowed = system.Boot?.["BootSourceOverrideTarget@Redfish.AllowableValues"] ?? [];
  const targets = allowed.includes("None") ? allowed : ["None", ...allowed];
  const own = target === "None";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const order: BootOrder = {
      target,
      enabled: own ? "Disabled" : enabled,
      mode: own || mode === "" ? null : (mode as BootMode),
    };
    change.mutate(order, { onSuccess: () => setMode("") });
  };
  return (
    <Form onSubmit={submit} isWidthLimited>
      <FormGroup label={t("Boot from")} fieldId="boot-target">
        <FormSelect id="boot-target" value={target} onChange={(_event, value) => setTarget(value)}>
          {targets.map((name) => (
            <FormSelectOption key={name} value={name} label={targetWords(name)} />
          ))}
        </FormSelect>
      </FormGroup>
      <FormGroup role="radiogroup" isInline fieldId="boot-enabled" label={t("How often")}>
        <Radio
          id="boot-once"
          name="boot-enabled"
          label={t("Next boot only")}
          isDisabled={own}
          isChecked={enabled === "Once"}
          onChange={() => setEnabled("Once")}
        />
        <Radio
          id="boot-continuous"
          name="boot-enabled"
          label={t("Every boot")}
          isDisabled={own}
          isChecked={enabled === "Continuous"}
          onChange={() => setEnabled("Continuous")}
        />
      </FormGroup>
      {modes.length > 1 && (
        <FormGroup label={t("Boot mode")} fieldId="boot-mode">
          <FormSelect id="boot-mode" value={mode} isDisabled={own} onChange={(_event, value) => setMode(value)}>
            <FormSelectOption value="" label={t("As it is now")} />
            {modes.map((name) => (
              <FormSelectOption key={name} value={name} label={name} />
            ))}
          </FormSelect>
        </FormGroup>
      )}
      {change.isError && <Alert variant="danger" isInline component="p" title={change.error.message} role="alert" />}
      <ActionGroup>
        <Button
          type="submit"
          variant="secondary"
          isLoading={change.isPending}
          isDisabled={
            change.isPending || (target === setTargetIs && (own || (enabled === setEnabledIs && mode === "")))
          }
        >
          {t("Set boot device")}
        </Button>
      </ActionGroup>
    </Form>
  );
}
