import { Button, Label } from "@patternfly/react-core";
import { t } from "../words/i18n";
import type { FleetControl } from "./address";
import { FACETS } from "./filter";
import { facetWords, valueWords } from "./words";

/** What is filtered by now, each with a way to end it. */
export function ActiveFilters({ control }: { control: FleetControl }) {
  const { facets, text, view } = control.address;
  const active = FACETS.flatMap((facet) => facets[facet].map((value) => ({ facet, value })));
  if (active.length === 0 && text === "" && view === "all") return null;
  return (
    <>
      {active.map(({ facet, value }) => {
        const words = t("{{facet}}: {{value}}", { facet: facetWords(facet), value: valueWords(facet, value) });
        return (
          <Label
            key={`${facet}=${value}`}
            isCompact
            closeBtnAriaLabel={t("No longer filter by {{filter}}", { filter: words })}
            onClose={() => control.toggle(facet, value)}
          >
            {words}
          </Label>
        );
      })}
      <Button variant="link" isInline onClick={control.clear}>
        {t("Clear the filter")}
      </Button>
    </>
  );
}
