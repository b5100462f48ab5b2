/** Dialogs that are loaded when they are wanted. Browsers remember for ever that a module could not be loaded. */
import { Component, lazy, Suspense, type ComponentType, type ReactNode } from "react";
import { t } from "../words/i18n";
import { useNotices } from "./Notices";

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

interface Closable {
  onClose: () => void;
}

/** A dialog that is loaded when it is wanted. If that fails, a notice says so, and it closes. */
export function lazyDialog<P extends Closable>(load: Load<P>): ComponentType<P> {
  const Part = lazy(load) as ComponentType<P>;
  return function LazyDialog(props: P) {
    const { failed } = useNotices();
    const onBroken = () => {
      props.onClose();
      failed(
        t("The dialog cannot be shown"),
        new Error(
          t(
            "It could not be loaded: the service may be away, or newer than this page. Once it is there, load the page again.",
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
    this.props.onBroken();
  }

  override render() {
    return this.state.isBroken ? null : this.props.children;
  }
}
