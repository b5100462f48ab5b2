import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import { Component, Suspense, type ReactNode } from "react";
import { t } from "../words/i18n";
import { Loading } from "./Loading";

interface Wanted {
  place: string;
  children: ReactNode;
}
interface Shown {
  place: string;
  broken: boolean;
}

/** What lies in it could not be loaded, or has failed: the rest of the page stays, and says what to do. */
class Boundary extends Component<Wanted, Shown> {
  override state: Shown = { place: this.props.place, broken: false };

  static getDerivedStateFromError(): Partial<Shown> {
    return { broken: true };
  }

  static getDerivedStateFromProps({ place }: Wanted, shown: Shown): Shown | null {
    return place === shown.place ? null : { place, broken: false };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <EmptyState
        titleText={t("This part of the page cannot be shown")}
        headingLevel="h2"
        icon={ExclamationCircleIcon}
        status="danger"
      >
        <EmptyStateBody role="alert">
          {t("It could not be loaded: the service may be away, or newer than this page.")}
        </EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button variant="primary" onClick={() => window.location.reload()}>
              {t("Load the page again")}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      </EmptyState>
    );
  }
}

/** A part of the page that is loaded when it is wanted. With another `place` in the page it is tried anew. */
export function OnDemand({ place, children }: Wanted) {
  return (
    <Boundary place={place}>
      <Suspense fallback={<Loading />}>{children}</Suspense>
    </Boundary>
  );
}
