import { FormHelperText, HelperText, HelperTextItem } from "@patternfly/react-core";

interface HelpProps {
  /** For the field that it describes. */
  id?: string;
  children: string;
}

/** Below a field: what is expected of it. */
export function Help({ id, children }: HelpProps) {
  return (
    <FormHelperText>
      <HelperText {...(id !== undefined && { id })}>
        <HelperTextItem>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
