import { Button, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { useLog, type AuditEntry } from "../api/administration";
import { PATHS } from "../api/paths";
import { Choice, Field } from "../shell/fields";
import { useAddress } from "../shell/useAddress";
import { moment } from "../words/format";
import { outcomeWords } from "../timeline/words";
import { t } from "../words/i18n";
import { auditFilter, type AuditSearch } from "./auditFilter";
import { AuditExport } from "./AuditExport";
import { Section, Shown } from "./parts";
import { doorWords, kindWords, roleWords, TARGET_KINDS } from "./words";

/** Who did what, by which door, and how it ended. What is searched for stands in the URL. */
export default function Audit() {
  const { params, change, setParams } = useAddress();
  const search: AuditSearch = {
    text: params.get("q") ?? "",
    account: params.get("account") ?? "",
    kind: params.get("kind") ?? "",
    target: params.get("target") ?? "",
    outcome: params.get("outcome") ?? "",
    since: params.get("since") ?? "",
    until: params.get("until") ?? "",
  };
  const set = (name: string) => (value: string) =>
    change((after) => (value === "" ? after.delete(name) : after.set(name, value)));
  const filter = auditFilter(search);
  const log = useLog(PATHS.audit, filter);
  return (
    <Section
      title={t("Audit")}
      about={t("Everything that was asked of the service and its servers, also what was refused.")}
      actions={<AuditExport filter={filter} />}
    >
      <div className="lo-fields" role="search" aria-label={t("Search the audit")}>
        <Field id="audit-text" label={t("Any words")} value={search.text} onChange={set("q")} />
        <Field id="audit-account" label={t("Account")} value={search.account} onChange={set("account")} />
        <Choice
          id="audit-kind"
          label={t("What it was done to")}
          value={search.kind}
          onChange={set("kind")}
          options={[
            { value: "", label: t("anything") },
            ...TARGET_KINDS.map((kind) => ({ value: kind, label: kindWords(kind) })),
          ]}
        />
        <Field id="audit-target" label={t("Its name")} value={search.target} onChange={set("target")} />
        <Choice
          id="audit-outcome"
          label={t("Outcome")}
          value={search.outcome}
          onChange={set("outcome")}
          options={[
            { value: "", label: t("any") },
            { value: "OK", label: t("done") },
            { value: "Warning", label: t("refused or failed") },
          ]}
        />
        <Field id="audit-since" label={t("Since")} type="datetime-local" value={search.since} onChange={set("since")} />
        <Field id="audit-until" label={t("Until")} type="datetime-local" value={search.until} onChange={set("until")} />
        {filter !== "" && (
          <Button variant="link" onClick={() => setParams({}, { replace: true })}>
            {t("Clear the search")}
          </Button>
        )}
      </div>
      <Shown
        of={{ ...log, data: log.data?.entries as AuditEntry[] | undefined }}
        failed={t("The audit cannot be shown")}
        empty={t("Nothing is found")}
        remedy={t("Nothing that is kept fits the search.")}
      >
        {(entries) => (
          <>
            <Entries entries={entries} />
            <div className="lo-row lo-after">
              <span className="lo-muted" aria-live="polite">
                {t("{{shown}} of {{count}} records", { shown: entries.length, count: log.data?.total ?? 0 })}
              </span>
              {log.hasNextPage && (
                <Button
                  variant="secondary"
                  isLoading={log.isFetchingNextPage}
                  isDisabled={log.isFetchingNextPage}
                  onClick={() => void log.fetchNextPage()}
                >
                  {t("Show older ones")}
                </Button>
              )}
            </div>
          </>
        )}
      </Shown>
    </Section>
  );
}

function Entries({ entries }: { entries: AuditEntry[] }) {
  return (
    <Table aria-label={t("Audit")} variant="compact" gridBreakPoint="grid-xl" data-testid="audit">
      <Thead>
        <Tr>
          <Th modifier="nowrap">{t("When")}</Th>
          <Th>{t("Who")}</Th>
          <Th>{t("By")}</Th>
          <Th>{t("Action")}</Th>
          <Th width={30}>{t("On")}</Th>
          <Th>{t("Outcome")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {entries.map((entry) => {
          const record = entry.Oem.Lightsout;
          return (
            <Tr key={entry.Id}>
              <Td dataLabel={t("When")} modifier="nowrap">
                <time dateTime={entry.Created}>{moment(entry.Created)}</time>
              </Td>
              <Td dataLabel={t("Who")} modifier="breakWord">
                {record.Account}
                <div className="lo-muted">{roleWords(record.Role)}</div>
              </Td>
              <Td dataLabel={t("By")} modifier="breakWord">
                {doorWords(record.Door)}
                {record.Address !== null && <div className="lo-muted">{record.Address}</div>}
                {record.ApiToken !== null && (
                  <div className="lo-muted">{t("token {{id}}", { id: record.ApiToken })}</div>
                )}
              </Td>
              <Td dataLabel={t("Action")} modifier="breakWord">
                <code>{record.Action}</code>
              </Td>
              <Td dataLabel={t("On")} modifier="breakWord">
                {record.Target ?? kindWords(record.TargetKind)}
                <Details of={record.Details} />
              </Td>
              <Td dataLabel={t("Outcome")} modifier="breakWord">
                <Label status={entry.Severity === "OK" ? "success" : "warning"}>
                  {entry.Severity === "OK" ? t("done") : outcomeWords(record.Outcome)}
                </Label>
              </Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}

function Details({ of }: { of: Record<string, unknown> }) {
  const told = Object.entries(of).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return told.length === 0 ? null : (
    <div className="lo-muted lo-secret" lang="en">
      {told.join(" · ")}
    </div>
  );
}
