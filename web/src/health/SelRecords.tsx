import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useResolve, type SelEntry } from "../api/sel";
import { useMayOperate } from "../api/session";
import { useNotices } from "../shell/Notices";
import { moment } from "../words/format";
import { t } from "../words/i18n";
import { healthLook } from "./words";

/** Records of the SEL, each to be acknowledged, or not any more. */
export function SelRecords({ systemId, entries }: { systemId: string; entries: SelEntry[] }) {
  const { failed } = useNotices();
  const resolve = useResolve(systemId);
  const mayOperate = useMayOperate();
  const turn = (entry: SelEntry) =>
    resolve.mutate(entry, {
      onError: (error) => failed(t("SEL record {{id}}: not changed", { id: entry.Id }), error),
    });
  return (
    <Table aria-label={t("System event log (SEL)")} variant="compact" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th modifier="fitContent">{t("Number")}</Th>
          <Th modifier="fitContent">{t("Time")}</Th>
          <Th modifier="fitContent">{t("Severity")}</Th>
          <Th>{t("What was recorded")}</Th>
          <Th modifier="fitContent">{t("Acknowledged")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {entries.map((entry) => {
          const { label, ...look } = healthLook(entry.Severity);
          const isPending = resolve.isPending && resolve.variables.Id === entry.Id;
          return (
            <Tr key={entry.Id} data-testid={`sel-${entry.Id}`}>
              <Td dataLabel={t("Number")}>{entry.Id}</Td>
              <Td dataLabel={t("Time")} modifier="nowrap">
                {moment(entry.Created)}
              </Td>
              <Td dataLabel={t("Severity")}>
                <span className="lo-labels">
                  <Label isCompact {...look}>
                    {label}
                  </Label>
                </span>
              </Td>
              <Td dataLabel={t("What was recorded")} modifier="breakWord">
                <span lang="en">{entry.Message}</span>
                <div className="lo-muted" lang="en">
                  {[entry.SensorType, entry.EntryCode].filter(Boolean).join(", ")}
                </div>
              </Td>
              <Td dataLabel={t("Acknowledged")}>
                {mayOperate ? (
                  <Button
                    variant="link"
                    isInline
                    isLoading={isPending}
                    isDisabled={isPending}
                    aria-label={
                      entry.Resolved
                        ? t("Take back the acknowledgement of record {{id}}", { id: entry.Id })
                        : t("Acknowledge record {{id}}", { id: entry.Id })
                    }
                    onClick={() => turn(entry)}
                  >
                    {entry.Resolved ? t("Take back") : t("Acknowledge")}
                  </Button>
                ) : entry.Resolved ? (
                  t("Yes")
                ) : (
                  t("No")
                )}
              </Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}
