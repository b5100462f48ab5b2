import {
  Button,
  ClipboardCopy,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from "@patternfly/react-core";
import type { ReactNode } from "react";
import { useMayOperate } from "../api/session";
import { useEndRescue } from "../api/systems";
import { idOf } from "../api/http";
import type { ErasedDisk, RescueAccess, Task } from "../api/types";
import { useNotices } from "../shell/Notices";
import { bytes, moment } from "../words/format";
import { t } from "../words/i18n";
import { methodWords } from "./words";

/** What a rescue or an erase has to tell beside its steps. */
export function JobFacts({ task }: { task: Task }) {
  const ours = task.Oem?.Lightsout;
  const node = ours?.System ? idOf(ours.System) : "";
  return (
    <>
      {ours?.Rescue && <Access access={ours.Rescue} node={node} />}
      {ours?.Erased && <Record record={ours.Erased} />}
    </>
  );
}

function Access({ access, node }: { access: RescueAccess; node: string }) {
  const { failed } = useNotices();
  const mayOperate = useMayOperate();
  const end = useEndRescue(node);
  const command = `bmc ssh ${node}`;
  return (
    <div data-testid="rescue-access">
      <DescriptionList isCompact isHorizontal aria-label={t("How to get in")}>
        <Fact term={t("Log in")}>
          <ClipboardCopy isReadOnly hoverTip={t("Copy")} clickTip={t("Copied")} variant="inline-compact">
            {command}
          </ClipboardCopy>
        </Fact>
        <Fact term={t("Host key")}>
          <code>{access.HostKeyFingerprint}</code>
        </Fact>
        <Fact term={t("Until")}>{moment(access.Until)}</Fact>
      </DescriptionList>
      <Button
        variant="primary"
        isDisabled={!mayOperate || end.isPending || end.isSuccess}
        onClick={() => end.mutate(undefined, { onError: (error) => failed(t("The rescue was not ended"), error) })}
      >
        {t("End the rescue")}
      </Button>
    </div>
  );
}

function Record({ record }: { record: ErasedDisk }) {
  return (
    <DescriptionList isCompact isHorizontal aria-label={t("What was erased")} data-testid="erased">
      <Fact term={t("Disk")}>
        {t("{{name}}, serial number {{serial}}, {{size}}", {
          name: record.Name,
          serial: record.SerialNumber ?? t("unknown"),
          size: bytes(record.SizeBytes),
        })}
      </Fact>
      <Fact term={t("Method")}>{methodWords(record.Method)}</Fact>
      <Fact term={t("Read back")}>
        {record.Ended
          ? t("{{count}} places, {{size}}: all zeros", {
              count: record.PlacesVerified,
              size: bytes(record.BytesVerified),
            })
          : t("Nothing has been read back")}
      </Fact>
    </DescriptionList>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
