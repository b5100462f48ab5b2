/** One tab of the library: what is being added, what is there, and why nothing is if nothing is. */
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core";
import { useState, type ReactNode } from "react";
import { useImports, useMayAdd, type LibraryItem, type Shelf } from "../api/library";
import { lazyDialog } from "../shell/lazyDialog";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { t } from "../words/i18n";
import { Additions } from "./Additions";

const AddDialog = lazyDialog(() => import("./AddDialog"));

interface ShelfPanelProps {
  shelf: Shelf;
  items: { data: LibraryItem[] | undefined; error: Error | null; refetch: () => unknown };
  /** What the button that adds one says. */
  add: string;
  empty: { title: string; body: string };
  children: ReactNode;
}

export function ShelfPanel({ shelf, items, add, empty, children }: ShelfPanelProps) {
  const mayAdd = useMayAdd();
  // Not before what stands above it, which would push it away.
  const shown = useImports().isFetched ? items.data : undefined;
  const [adding, setAdding] = useState(false);
  const button = (
    <Button variant="primary" isDisabled={!mayAdd} onClick={() => setAdding(true)}>
      {add}
    </Button>
  );
  return (
    <div className="lo-shelf">
      {items.data && items.data.length > 0 && (
        <div className="lo-shelf-bar">
          {button}
          {!mayAdd && <span className="lo-muted">{t("Only administrators add and delete.")}</span>}
        </div>
      )}
      <Additions shelf={shelf} />
      {shown === undefined &&
        (items.error && !items.data ? (
          <ErrorPanel title={t("The library cannot be shown")} error={items.error} retry={() => void items.refetch()} />
        ) : (
          <Loading />
        ))}
      {shown?.length === 0 && (
        <EmptyState titleText={empty.title} headingLevel="h2">
          <EmptyStateBody>{empty.body}</EmptyStateBody>
          <EmptyStateFooter>
            <EmptyStateActions>{button}</EmptyStateActions>
          </EmptyStateFooter>
        </EmptyState>
      )}
      {shown && shown.length > 0 && children}
      {adding && <AddDialog shelf={shelf} onClose={() => setAdding(false)} />}
    </div>
  );
}
