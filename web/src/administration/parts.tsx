/** What the tabs of administration have in common: sections, and lists in every state. */
import { EmptyState, EmptyStateBody, Title } from "@patternfly/react-core";
import type { ReactNode } from "react";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";

interface SectionProps {
  title: string;
  about?: ReactNode;
  /** What can be added, or done to all of it. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Section({ title, about, actions, children }: SectionProps) {
  return (
    <section className="lo-section" aria-label={title}>
      <div className="lo-row lo-section-head">
        <Title headingLevel="h2">{title}</Title>
        {actions && <div className="lo-labels">{actions}</div>}
      </div>
      {about && <p className="lo-muted lo-about">{about}</p>}
      {children}
    </section>
  );
}

interface ShownProps<T> {
  of: { data: T[] | undefined; error: Error | null; refetch: () => unknown };
  failed: string;
  empty: string;
  /** What to do where there is nothing. */
  remedy: string;
  children: (items: T[]) => ReactNode;
}

/** A list: while it loads, when it cannot be had, when nothing is in it, and itself. */
export function Shown<T>({ of, failed, empty, remedy, children }: ShownProps<T>) {
  if (of.data === undefined)
    return of.error ? <ErrorPanel title={failed} error={of.error} retry={() => void of.refetch()} /> : <Loading />;
  if (of.data.length > 0) return children(of.data);
  return (
    <EmptyState titleText={empty} headingLevel="h3">
      <EmptyStateBody>{remedy}</EmptyStateBody>
    </EmptyState>
  );
}
