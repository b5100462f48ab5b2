import { MenuToggle } from "@patternfly/react-core";
import EllipsisVIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { ActionsColumn, type IAction } from "@patternfly/react-table";

/** What can be done with a row of a table, behind a button that is called `label`. */
export function RowActions({ label, items }: { label: string; items: IAction[] }) {
  return (
    <ActionsColumn
      items={items}
      popperProps={{ position: "right" }}
      actionsToggle={({ onToggle, isOpen, isDisabled, toggleRef }) => (
        <MenuToggle
          ref={toggleRef}
          variant="plain"
          aria-label={label}
          icon={<EllipsisVIcon />}
          onClick={onToggle}
          isExpanded={isOpen}
          isDisabled={isDisabled}
        />
      )}
    />
  );
}
