import { Button } from "@patternfly/react-core";
import AngleDownIcon from "@patternfly/react-icons/dist/esm/icons/angle-down-icon";
import AngleRightIcon from "@patternfly/react-icons/dist/esm/icons/angle-right-icon";
import { useId, useState } from "react";
import { Link } from "react-router";
import { usePrinted } from "../api/timeline";
import type { System } from "../api/types";
import { nodePath } from "../node/address";
import { Unread } from "../shell/Unread";
import { t } from "../words/i18n";

interface PrintedProps {
  system: System;
  since: string;
  /** Not there: until now. */
  until: string | undefined;
}

/** What the serial console printed between two entries; it is asked for when somebody wants to see it. */
export function Printed(props: PrintedProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <Button
        variant="link"
        size="sm"
        isInline
        icon={isOpen ? <AngleDownIcon /> : <AngleRightIcon />}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {props.until === undefined ? t("Console since then") : t("Console in between")}
      </Button>
      <div id={id}>{isOpen && <Lines {...props} />}</div>
    </>
  );
}

function Lines({ system, since, until }: PrintedProps) {
  const printed = usePrinted(system, since, until);
  if (printed.isPending) return <p className="lo-muted">{t("Loading")}</p>;
  if (printed.isError) return <Unread of={printed} />;
  const { lines, count } = printed.data;
  if (count === 0) return <p className="lo-muted">{t("The serial console printed nothing.")}</p>;
  return (
    <>
      <pre className="lo-printed" tabIndex={0} aria-label={t("What the serial console printed")}>
        {lines.map((line) => line.Message).join("\n")}
      </pre>
      <p className="lo-muted">
        {count > lines.length &&
          `${t("The last {{shown}} of {{total}} lines.", { shown: lines.length, total: count })} `}
        <Link to={`${nodePath(system.Id, "serial")}?at=${encodeURIComponent(lines.at(-1)?.Created ?? "")}`}>
          {t("Show in the serial log")}
        </Link>
      </p>
    </>
  );
}
