import { SearchInput } from "@patternfly/react-core";
import { useEffect, useEffectEvent, useState } from "react";
import { t } from "../words/i18n";

/** The address follows when one has paused: browsers refuse to write it with every key. */
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
  return (
    <SearchInput
      className="lo-search"
      aria-label={t("Filter nodes")}
      placeholder={t("Name, image, address, tag…")}
      resetButtonLabel={t("Clear")}
      value={typed ?? text}
      onChange={(_event, value) => setTyped(value)}
      onClear={() => setTyped("")}
    />
  );
}
