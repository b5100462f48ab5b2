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
  return (
    <div data-testid="rescue-access">
      <DescriptionList isCompact isHorizontal aria-label="How to get in">
        <Fact name="Log in">
          <ClipboardCopy isReadOnly hoverTip="Copy" clickTip="Copied" variant="inline-compact">
            {`bmc ssh ${node}`}
          </ClipboardCopy>
        </Fact>
        <Fact name="Host key">
          <code>{access.HostKeyFingerprint}</code>
        </Fact>
        <Fact name="Until">{moment(access.Until)}</Fact>
      </DescriptionList>
      <Button
        variant="primary"
        isDisabled={!mayOperate || end.isPending || end.isSuccess}
        onClick={() => end.mutate(undefined, { onError: (error) => failed("The rescue was not ended", error) })}
      >
        End the rescue
      </Button>
    </div>
  );
}

function Record({ record }: { record: ErasedDisk }) {
  return (
    <DescriptionList isCompact isHorizontal aria-label="What was erased" data-testid="erased">
      <Fact name="Disk">
        {record.Name}, serial number {record.SerialNumber ?? "unknown"}, {bytes(record.SizeBytes)}
      </Fact>
      <Fact name="Method">{record.Method}</Fact>
      <Fact name="Read back">
        {record.Ended
          ? `${record.PlacesVerified} places, ${bytes(record.BytesVerified)}: all zeros`
          : "Nothing has been read back"}
      </Fact>
    </DescriptionList>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{name}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
