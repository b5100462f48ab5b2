/** Short messages in the corner: what was done, and what was refused and why. Errors stay long enough to be read twice. */
import { AlertActionCloseButton, AlertGroup } from "@patternfly/react-core";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { t } from "../words/i18n";
import { Alert } from "./Alert";

const SHOWN_MS = { success: 5000, danger: 20_000 };

interface Notice {
  key: number;
  variant: keyof typeof SHOWN_MS;
  title: string;
  text?: string;
}

interface Tell {
  done: (title: string) => void;
  failed: (title: string, error: Error) => void;
}

const NoticeContext = createContext<Tell>({ done: () => undefined, failed: () => undefined });

export const useNotices = () => useContext(NoticeContext);

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const drop = useCallback((key: number) => setNotices((all) => all.filter((notice) => notice.key !== key)), []);
  const tell = useMemo<Tell>(() => {
    let last = 0;
    const add = (notice: Omit<Notice, "key">) => setNotices((all) => [...all.slice(-4), { ...notice, key: ++last }]);
    return {
      done: (title) => add({ variant: "success", title }),
      failed: (title, error) => add({ variant: "danger", title, text: error.message }),
    };
  }, []);
  return (
    <NoticeContext value={tell}>
      {children}
      <AlertGroup isToast isLiveRegion aria-label={t("Messages")}>
        {notices.map(({ key, variant, title, text }) => (
          <Alert
            key={key}
            variant={variant}
            title={title}
            timeout={SHOWN_MS[variant]}
            onTimeout={() => drop(key)}
            actionClose={
              <AlertActionCloseButton
                aria-label={t("Dismiss: {{message}}", { message: title })}
                onClose={() => drop(key)}
              />
            }
          >
            {text}
          </Alert>
        ))}
      </AlertGroup>
    </NoticeContext>
  );
}
