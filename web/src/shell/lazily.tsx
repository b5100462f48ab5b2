/** Parts of the page that are loaded when they are wanted. */
import { Component, createElement, lazy, Suspense, type ComponentType, type ReactNode } from "react";
import { t } from "../words/i18n";
import { useNotices } from "./Notices";

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

/** What could not be loaded, until a boundary has told so. */
const broken = new Set<() => void>();

/** Whatever could not be loaded is loaded anew when it is shown again: for a boundary, once it has told. */
export function renewBroken(): void {
  for (const renew of broken) renew();
  broken.clear();
}

/** As React's lazy, which remembers for ever that something could not be loaded. */
export function lazily<P extends object>(load: Load<P>): ComponentType<P> {
  const fresh = () =>
    lazy(() =>
      load().catch((error: unknown) => {
        broken.add(() => {
          part = fresh();
        });
        throw error;
      }),
    );
  let part = fresh();
  return function Lazily(props: P) {
    return createElement(part as ComponentType<P>, props);
  };
}

interface Closable {
  onClose: () => void;
}

/** A dialog that is loaded when it is wanted. If that fails, a notice says so, and it closes. */
export function lazyDialog<P extends Closable>(load: Load<P>): ComponentType<P> {
  const Part = lazily(load);
  return function LazyDialog(props: P) {
    const { failed } = useNotices();
    const onBroken = () => {
      props.onClose();
      failed(
        t("The dialog cannot be shown"),
        new Error(
          t(
            "It could not be loaded: the service may be away, or newer than this page. Try again, or load the page again.",
          ),
        ),
      );
    };
    return (
      <Boundary onBroken={onBroken}>
        <Suspense>
          <Part {...props} />
        </Suspense>
      </Boundary>
    );
  };
}

class Boundary extends Component<{ onBroken: () => void; children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch() {
    renewBroken();
    this.props.onBroken();
  }

  override render() {
    return this.state.isBroken ? null : this.props.children;
  }
}
