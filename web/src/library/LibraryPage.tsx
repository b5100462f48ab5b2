import { PageSection, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { useNavigate, useParams } from "react-router";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useTitle } from "../shell/useTitle";
import { t } from "../words/i18n";
import { ImagesPanel } from "./ImagesPanel";
import { MediaPanel } from "./MediaPanel";
import "./library.css";

const PANEL = "library-view";

/** Images and media: what machines are installed and started from. */
export default function LibraryPage() {
  const { tab = "images" } = useParams();
  const navigate = useNavigate();
  useTitle(t("Library"));
  if (tab !== "images" && tab !== "media") return <NotFoundPage />;
  return (
    <>
      <PageSection hasBodyWrapper={false} aria-label={t("Library")}>
        <Title headingLevel="h1">{t("Library")}</Title>
      </PageSection>
      <PageSection type="tabs" aria-label={t("Views of the library")}>
        <Tabs
          activeKey={tab}
          onSelect={(_event, key) => void navigate(key === "images" ? "/library" : "/library/media")}
          aria-label={t("Views of the library")}
          usePageInsets
        >
          <Tab tabContentId={PANEL} eventKey="images" title={<TabTitleText>{t("Images")}</TabTitleText>} />
          <Tab tabContentId={PANEL} eventKey="media" title={<TabTitleText>{t("Media")}</TabTitleText>} />
        </Tabs>
      </PageSection>
      <PageSection
        id={PANEL}
        role="tabpanel"
        isFilled
        hasBodyWrapper={false}
        aria-label={tab === "images" ? t("Images") : t("Media")}
      >
        {tab === "images" ? <ImagesPanel /> : <MediaPanel />}
      </PageSection>
    </>
  );
}
