import {
  Button,
  Card,
  CardBody,
  CardTitle,
  FormSelect,
  FormSelectOption,
  SearchInput,
  Skeleton,
} from "@patternfly/react-core";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import { useInventory } from "../api/inventory";
import { ANY_TIME, type Period } from "../api/query";
import { exportAddress, useSel, useSelService, type Chosen } from "../api/sel";
import { useSensorHistory, useSensors } from "../api/sensors";
import { useMayOperate } from "../api/session";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { ErrorPanel } from "../shell/ErrorPanel";
import { PeriodFields } from "../shell/PeriodFields";
import { useText } from "../shell/useText";
import { Stale } from "../shell/Stale";
import { t, type Message } from "../words/i18n";
import { ClearSelDialog } from "./ClearSelDialog";
import { SelRecords } from "./SelRecords";

const FIRST = 25;
const SEVERITIES: [value: string, label: Message][] = [
  ["", "Any severity"],
  ["Critical", "Critical"],
  ["Warning", "Warning"],
  ["OK", "OK"],
];
const RESOLVED: [value: string, label: Message][] = [
  ["", "Acknowledged or not"],
  ["false", "Not acknowledged"],
  ["true", "Is acknowledged"],
];

/** The System Event Log: what was recorded, who has dealt with it, and the same as a file. */
export function SelCard({ system }: { system: System }) {
  const mayOperate = useMayOperate();
  const [severity, setSeverity] = useState("");
  const [resolved, setResolved] = useState("");
  const [typed, text, type] = useText();
  const [period, setPeriod] = useState<Period>(ANY_TIME);
  const [top, setTop] = useState(FIRST);
  const [clearing, setClearing] = useState(false);
  const chosen: Chosen = { severity, resolved, text, period };
  const service = useSelService(system).data;
  const sel = useSel(system, chosen);
  const clear = service?.Actions?.["#LogService.ClearLog"]?.target;
  const isFiltered = severity !== "" || resolved !== "" || text !== "" || period.within !== "";
  return (
    <Card className="lo-wide-card" ref={useInSight("#sel", useIsKnown(system))}>
      <CardTitle component="h2">{t("System event log (SEL)")}</CardTitle>
      <CardBody>
        {service?.Overflow === true && (
          <Alert variant="warning" isInline component="h3" title={t("The log is full: records were lost")}>
            {t("It holds {{total}} records and overwrites none. Export it, then clear it.", {
              total: service.MaxNumberOfRecords,
            })}
          </Alert>
        )}
        <div className="lo-filters" role="search" aria-label={t("Choose what is shown")}>
          <Choice label={t("Severity")} value={severity} options={SEVERITIES} onChange={setSeverity} />
          <Choice label={t("Acknowledged")} value={resolved} options={RESOLVED} onChange={setResolved} />
          <PeriodFields id="sel-when" value={period} onChange={setPeriod} />
          <SearchInput
            className="lo-search"
            aria-label={t("Search in the SEL")}
            placeholder={t("Words or kind of sensor…")}
            value={typed}
            onChange={(_event, value) => type(value)}
            onClear={() => type("")}
            resetButtonLabel={t("Clear")}
          />
          <span className="lo-exports">
            {(service?.Oem?.Lightsout.ExportURIs ?? []).map((uri) => (
              <Button key={uri} variant="link" component="a" href={exportAddress(uri, chosen)} download>
                {t("Export as {{format}}", { format: uri.split(".").at(-1)?.toUpperCase() ?? "" })}
              </Button>
            ))}
            {clear !== undefined && mayOperate && (
              <Button variant="secondary" isDanger onClick={() => setClearing(true)}>
                {t("Clear the log…")}
              </Button>
            )}
          </span>
        </div>
        {sel.isPending && <Skeleton height="8rem" screenreaderText={t("Loading")} />}
        {sel.isError && !sel.data && (
          <ErrorPanel title={t("The SEL cannot be shown")} error={sel.error} retry={() => void sel.refetch()} />
        )}
        <Stale of={sel} />
        {sel.data?.length === 0 && (
          <p className="lo-after">
            {isFiltered ? t("No record is like that. Choose something else above.") : t("The log is empty.")}
          </p>
        )}
        {sel.data && sel.data.length > 0 && <SelRecords systemId={system.Id} entries={sel.data.slice(0, top)} />}
        {sel.data && sel.data.length > top && (
          <Button variant="secondary" onClick={() => setTop(top * 4)}>
            {t("Show older entries ({{shown}} of {{total}} shown)", { shown: top, total: sel.data.length })}
          </Button>
        )}
      </CardBody>
      {clearing && clear !== undefined && (
        <ClearSelDialog system={system} target={clear} onClose={() => setClearing(false)} />
      )}
    </Card>
  );
}

/** Whether all that stands above the SEL is there, and its place with it. */
function useIsKnown(system: System) {
  return [useInventory(system), useSensors(system), useSensorHistory(system, "Hour")].every(
    ({ isFetched }) => isFetched,
  );
}

/** Brings the card into sight, once it has its place, for those who came by a link to it. */
function useInSight(hash: string, hasPlace: boolean) {
  const here = useLocation().hash;
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (hasPlace && here === hash) card.current?.scrollIntoView();
  }, [here, hash, hasPlace]);
  return card;
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, label: Message][];
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <FormSelect aria-label={label} value={value} onChange={(_event, chosen) => onChange(chosen)}>
      {options.map(([name, words]) => (
        <FormSelectOption key={name} value={name} label={t(words)} />
      ))}
    </FormSelect>
  );
}
