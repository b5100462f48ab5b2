import { Button, TextInputGroup, TextInputGroupMain, TextInputGroupUtilities } from "@patternfly/react-core";
import CloseIcon from "@patternfly/react-icons/dist/esm/icons/rh-microns-close-icon";
import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";
import { useEffect, useEffectEvent, useState } from "react";
import { t } from "../words/i18n";

/** Not PatternFly’s SearchInput, which brings a whole form. The address follows when one has paused: browsers refuse to write it with every key. */
const PAUSE_MS = 250;

interface FleetSearchProps {
  /** As the address has it. */
  text: string;
  onChange: (text: string) => void;
}

export function FleetSearch({ text, onChange }: FleetSearchProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const tell = useEffectEvent(onChange);
  useEffect(() => {
    if (typed === null) return;
    const timer = setTimeout(() => {
      tell(typed);
      setTyped(null);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const shown = typed ?? text;
  return (
    <TextInputGroup className="lo-search">
      <TextInputGroupMain
        icon={<SearchIcon />}
        aria-label={t("Filter nodes")}
        placeholder={t("Name, image, address, tag…")}
        value={shown}
        onChange={(_event, value) => setTyped(value)}
      />
      {shown !== "" && (
        <TextInputGroupUtilities>
          <Button variant="plain" aria-label={t("Clear")} icon={<CloseIcon />} onClick={() => setTyped("")} />
        </TextInputGroupUtilities>
      )}
    </TextInputGroup>
  );
}
