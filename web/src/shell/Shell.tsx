import {
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  Page,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from "@patternfly/react-core";
import { Suspense, type ComponentProps } from "react";
import { Link, Outlet } from "react-router";
import { RunStrip } from "../bulk/RunStrip";
import { Assignments } from "../safety/Assignments";
import { StopBanner } from "../safety/StopBanner";
import { StopButton } from "../safety/StopButton";
import { t } from "../words/i18n";
import { AccountMenu } from "./AccountMenu";
import { ConnectionBanner } from "./ConnectionBanner";
import { Loading } from "./Loading";
import { Logo } from "./Logo";
import { Navigation } from "./Navigation";

const MAIN = "main";

function Home(props: Omit<ComponentProps<typeof Link>, "to">) {
  return <Link {...props} to="/" aria-label={t("Lightsout, the fleet")} />;
}

/** What surrounds every page. */
export function Shell() {
  const masthead = (
    <Masthead display={{ default: "stack", md: "inline" }} className="lo-masthead">
      <MastheadMain>
        <MastheadBrand>
          <MastheadLogo component={Home}>
            <Logo />
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight isStatic>
          <ToolbarContent>
            <ToolbarItem className="lo-navigation">
              <Navigation />
            </ToolbarItem>
            <ToolbarGroup align={{ default: "alignEnd" }} className="lo-account">
              <ToolbarItem>
                <StopButton />
              </ToolbarItem>
              <ToolbarItem>
                <AccountMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
  return (
    <Page
      masthead={masthead}
      mainContainerId={MAIN}
      skipToContent={<SkipToContent href={`#${MAIN}`}>{t("Skip to content")}</SkipToContent>}
      banner={
        <>
          <ConnectionBanner />
          <div className="lo-urgent">
            <StopBanner />
            <Assignments />
            <RunStrip />
          </div>
        </>
      }
    >
      <Suspense fallback={<Loading />}>
        <Outlet />
      </Suspense>
    </Page>
  );
}
