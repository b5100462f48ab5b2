import { Button, Form, Wizard, WizardFooterWrapper, WizardStep, useWizardContext } from "@patternfly/react-core";
import { useState, type ReactNode } from "react";
import { useImages } from "../api/library";
import { useDrives } from "../api/parts";
import { useReinstall } from "../api/systems";
import type { System } from "../api/types";
import { SETTINGS } from "../library/words";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import { DiskChoice } from "./DiskChoice";
import { ConfirmName } from "./fields";
import { ImageChoice } from "./ImageChoice";
import { NetworkFields } from "./NetworkFields";
import { emptyDraft, toRequest, type DiskRule, type Draft } from "./order";
import { Review } from "./Review";
import { SystemFields } from "./SystemFields";
import { useNamedToggle } from "./useNamedToggle";
import { UserDataField } from "./UserDataField";
import { WayChoice } from "./WayChoice";
import "./reinstall.css";

const TITLE = "reinstall-title";

interface ReinstallWizardProps {
  system: System;
  /** What an earlier job was asked for. */
  again?: Draft;
  onClose: () => void;
  onStarted: () => void;
}

/** Asks step by step for what a reinstall needs, and for the node's name, since there is no way back. */
export default function ReinstallWizard({ system, again, onClose, onStarted }: ReinstallWizardProps) {
  const reinstall = useReinstall(system);
  const images = useImages();
  const drives = useDrives(system);
  const action = system.Actions?.Oem["#Lightsout.Reinstall"];
  const allowed = action?.["Image@Redfish.AllowableValues"];
  const ways = action?.["Way@Redfish.AllowableValues"] ?? [];
  const [draft, setDraft] = useState<Draft>(() => ({
    ...emptyDraft(system.Name),
    image: allowed?.[0] ?? "",
    ...again,
  }));
  const [disk, setDisk] = useState<DiskRule | null>(again ? again.disk : null);
  const [typed, setTyped] = useState("");
  const put = (news: Partial<Draft>) => {
    setDraft((now) => ({ ...now, ...news }));
    reinstall.reset();
  };

  const image = images.data?.find(({ Id }) => Id === draft.image);
  const settings = image?.Settings ?? Object.keys(SETTINGS);
  const [only, second] = drives.data ?? [];
  const preset: DiskRule =
    only?.SerialNumber && second === undefined ? { by: "serial", serial: only.SerialNumber } : { by: "only" };
  const whole: Draft = { ...draft, disk: disk ?? preset };
  const mayImage = draft.image !== "" && (allowed?.includes(draft.image) ?? true);
  const mayDisk = whole.disk.by !== "serial" || whole.disk.serial.trim() !== "";

  const { place, closeList } = useNamedToggle(t("Steps of the reinstall"));
  const start = () => reinstall.mutate(toRequest(whole, settings), { onSuccess: onStarted });
  const next = { nextButtonText: t("Next"), backButtonText: t("Back"), cancelButtonText: t("Cancel") };
  return (
    <Dialog variant="large" onClose={onClose} aria-labelledby={TITLE} className="lo-wizard">
      <DialogHeader
        title={t("Reinstall {{node}}", { node: system.Name })}
        labelId={TITLE}
        description={t("Writes an operating-system image to the node’s disk and checks that the new system boots.")}
      />
      <div ref={place} className="lo-wizard-place">
        <Wizard
          navAriaLabel={t("Steps of the reinstall")}
          footer={next}
          onClose={onClose}
          onStepChange={closeList}
          shouldFocusContent
        >
          <WizardStep id="image" name={t("Image")} footer={{ ...next, isNextDisabled: !mayImage }}>
            <Fields>
              {again && (
                <Alert
                  variant="info"
                  isInline
                  component="p"
                  title={t("As last time, but for password and user data: nobody keeps these. Give them again.")}
                />
              )}
              <ImageChoice allowed={allowed} value={draft.image} onChange={(image) => put({ image })} />
              {ways.length > 1 && <WayChoice ways={ways} value={draft.way} onChange={(way) => put({ way })} />}
            </Fields>
          </WizardStep>
          <WizardStep id="disk" name={t("Disk")} isDisabled={!mayImage} footer={{ ...next, isNextDisabled: !mayDisk }}>
            <Fields>
              <DiskChoice
                system={system}
                value={whole.disk}
                onChange={(rule) => {
                  setDisk(rule);
                  reinstall.reset();
                }}
              />
            </Fields>
          </WizardStep>
          <WizardStep id="system" name={t("System")} isDisabled={!mayImage || !mayDisk}>
            <Fields>
              <SystemFields settings={settings} draft={draft} onChange={put} />
            </Fields>
          </WizardStep>
          {settings.includes("Network") && (
            <WizardStep id="network" name={t("Network")} isDisabled={!mayImage || !mayDisk}>
              <Fields>
                <NetworkFields system={system} value={draft.network} onChange={(network) => put({ network })} />
              </Fields>
            </WizardStep>
          )}
          {settings.includes("UserData") && (
            <WizardStep id="user-data" name={t("User data")} isDisabled={!mayImage || !mayDisk}>
              <Fields>
                <UserDataField
                  most={image?.UserDataBytesMax ?? null}
                  value={draft.userData}
                  onChange={(userData) => put({ userData })}
                />
              </Fields>
            </WizardStep>
          )}
          <WizardStep
            id="review"
            name={t("Review")}
            isDisabled={!mayImage || !mayDisk}
            footer={
              <StartFooter
                node={system.Name}
                isReady={mayImage && mayDisk && typed.trim() === system.Name && !reinstall.isPending}
                isLoading={reinstall.isPending}
                onStart={start}
              />
            }
          >
            <Fields onSubmit={() => typed.trim() === system.Name && start()}>
              <Review system={system} draft={whole} image={image} settings={settings} error={reinstall.error} />
              <ConfirmName name={system.Name} value={typed} onChange={setTyped} />
            </Fields>
          </WizardStep>
        </Wizard>
      </div>
    </Dialog>
  );
}

function Fields({ onSubmit, children }: { onSubmit?: () => void; children: ReactNode }) {
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit?.();
      }}
    >
      {children}
    </Form>
  );
}

interface StartFooterProps {
  node: string;
  isReady: boolean;
  isLoading: boolean;
  onStart: () => void;
}

function StartFooter({ node, isReady, isLoading, onStart }: StartFooterProps) {
  const { goToPrevStep, close } = useWizardContext();
  return (
    <WizardFooterWrapper>
      <div className="lo-wizard-actions">
        <Button variant="secondary" onClick={() => void goToPrevStep()}>
          {t("Back")}
        </Button>
        <Button
          variant="danger"
          isDisabled={!isReady}
          isLoading={isLoading}
          onClick={onStart}
          data-testid="start-reinstall"
        >
          {t("Erase and reinstall {{node}}", { node })}
        </Button>
        <Button variant="link" onClick={close}>
          {t("Cancel")}
        </Button>
      </div>
    </WizardFooterWrapper>
  );
}
