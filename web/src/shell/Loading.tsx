import { Bullseye, Spinner } from "@patternfly/react-core";

export function Loading({ what }: { what: string }) {
  return (
    <Bullseye className="lo-loading">
      <Spinner aria-label={`Loading ${what}`} />
    </Bullseye>
  );
}
