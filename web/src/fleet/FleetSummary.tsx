import { ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { t, type Message } from "../words/i18n";
import { VIEWS, type View } from "./filter";

const LABELS: Record<View, Message> = { all: "All", on: "On", off: "Off", attention: "Need attention" };

interface FleetSummaryProps {
  counts: Record<View, number>;
  view: View;
  onView: (view: View) => void;
}

/** How many nodes are in which state; each count is also the filter that shows them. */
export function FleetSummary({ counts, view, onView }: FleetSummaryProps) {
  return (
    <ToggleGroup aria-label={t("Show nodes by state")} className="lo-summary">
      {VIEWS.map((name) => (
        <ToggleGroupItem
          key={name}
          buttonId={`view-${name}`}
          className={name === "attention" && counts.attention > 0 ? "lo-attention" : ""}
          isSelected={view === name}
          onChange={() => onView(name)}
          text={
            <span data-testid={`count-${name}`}>
              {t(LABELS[name])} <strong>{counts[name]}</strong>
            </span>
          }
        />
      ))}
    </ToggleGroup>
  );
}
