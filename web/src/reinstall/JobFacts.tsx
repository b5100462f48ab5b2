import { Button, ClipboardCopy, DescriptionList } from "@patternfly/react-core";
import { useMayOperate } from "../api/session";
import { useEndRescue } from "../api/systems";
import { idOf } from "../api/http";
import type { ErasedDisk, InstalledSystem, RescueAccess, Task } from "../api/types";
import { useNotices } from "../shell/Notices";
import { Fact } from "../words/Facts";
import { bytes, moment } from "../words/format";
import { t } from "../words/i18n";
import { methodWords } from "./words";

/** What a job has to tell beside its steps: what was installed, how to get in, what was erased. */
export function JobFacts({ task }: { task: Task }) {
  const ours = task.Oem?.Lightsout;
  const node = ours?.System ? idOf(ours.System) : "";
  return (
    <>
      {ours?.Installed && <NewSystem system={ours.Installed} disk={ours.Disk ?? null} />}
      {ours?.Rescue && <Access access={ours.Rescue} node={node} />}
      {ours?.Erased && <Record record={ours.Erased} />}
    </>
  );
}

/** What the new system has told of itself. */
function NewSystem({ system, disk }: { system: InstalledSystem; disk: string | null }) {
  return (
    <DescriptionList isCompact isHorizontal aria-label={t("The new system")} data-testid="installed">
      {system.HostName && <Fact term={t("Host name")}>{system.HostName}</Fact>}
      {disk && <Fact term={t("Disk")}>{disk}</Fact>}
      {system.MachineId && (
        <Fact term={t("Machine id")}>
          <code className="lo-long">{system.MachineId}</code>
        </Fact>
      )}
      {system.BootId && (
        <Fact term={t("Boot id")}>
          <code className="lo-long">{system.BootId}</code>
        </Fact>
      )}
      {system.HostKey && (
        <Fact term={t("Host key")}>
          <code className="lo-long">{system.HostKey}</code>
        </Fact>
      )}
    </DescriptionList>
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
