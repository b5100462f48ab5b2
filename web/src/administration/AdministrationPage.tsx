import { PageSection, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { lazy, useEffect } from "react";
import { useNavigate, useParams } from "react-router";
import { useGoverns, useManager, useManagerActions } from "../api/manager";
import { OnDemand } from "../shell/OnDemand";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useTitle } from "../shell/useTitle";
import { t, type Message } from "../words/i18n";
import "./administration.css";

const PANEL = "administration-view";
const FIRST = "accounts";
interface View {
  name: string;
  title: Message;
  View: React.ComponentType;
  /** What the account must administer, or the service would refuse it. */
  of?: "fleet" | "nodes";
}

const VIEWS: View[] = [
  { name: FIRST, title: "Accounts", View: lazy(() => import("./Accounts")) },
  { name: "keys", title: "SSH keys", View: lazy(() => import("./Keys")) },
  { name: "sessions", title: "Sessions", View: lazy(() => import("./Sessions")) },
  { name: "tokens", title: "API tokens", View: lazy(() => import("./Tokens")) },
  { name: "ipmi", title: "IPMI users", View: lazy(() => import("./Ipmi")), of: "nodes" },
  { name: "tls", title: "Certificate", View: lazy(() => import("./Certificates")), of: "fleet" },
  { name: "hooks", title: "Hooks", View: lazy(() => import("./Hooks")) },
  { name: "audit", title: "Audit", View: lazy(() => import("./Audit")), of: "fleet" },
  { name: "service", title: "Service", View: lazy(() => import("./ServiceHealth")), of: "fleet" },
];

/** Who may do what, by which doors, and what the service does by itself. */
export default function AdministrationPage() {
  const { tab = FIRST } = useParams();
  const navigate = useNavigate();
  const manager = useManager();
  const governs = useGoverns();
  // Whoever administers nodes, all or some, is offered to plan them.
  const administers = { fleet: governs, nodes: useManagerActions()["#Lightsout.PlanNodes"] !== undefined };
  const views = VIEWS.filter(({ of }) => of === undefined || administers[of]);
  const current = views.find(({ name }) => name === tab);

  useTitle(t("Administration"));

  // On a phone not all tabs are in sight.
  useEffect(() => {
    document
      .querySelector(".lo-administration-tabs [aria-selected='true']")
      ?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [tab]);

  if (current === undefined && manager.data === undefined)
    return manager.isError ? (
      <ErrorPanel
        title={t("This part of the page cannot be shown")}
        error={manager.error}
        retry={() => void manager.refetch()}
      />
    ) : (
      <Loading />
    );
  if (current === undefined) return <NotFoundPage />;
  const { View } = current;
  return (
    <>
      <PageSection hasBodyWrapper={false}>
        <Title headingLevel="h1">{t("Administration")}</Title>
      </PageSection>
      <PageSection type="tabs" aria-label={t("Views of administration")}>
        <Tabs
          activeKey={tab}
          onSelect={(_event, key) => void navigate(key === FIRST ? "/administration" : `/administration/${key}`)}
          aria-label={t("Views of administration")}
          usePageInsets
          className="lo-administration-tabs"
        >
          {views.map(({ name, title }) => (
            <Tab key={name} eventKey={name} tabContentId={PANEL} title={<TabTitleText>{t(title)}</TabTitleText>} />
          ))}
        </Tabs>
      </PageSection>
      <PageSection id={PANEL} role="tabpanel" isFilled aria-label={t(current.title)} hasBodyWrapper={false}>
        <OnDemand place={tab}>
          <View />
        </OnDemand>
      </PageSection>
    </>
  );
}
