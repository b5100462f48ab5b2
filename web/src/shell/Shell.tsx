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
import { useEffect, useLayoutEffect, useRef, type ComponentProps } from "react";
import { Link, Outlet, useLocation } from "react-router";
import { RunStrip } from "../bulk/RunStrip";
import { Assignments } from "../safety/Assignments";
import { StopBanner } from "../safety/StopBanner";
import { StopButton } from "../safety/StopButton";
import { t } from "../words/i18n";
import { AccountMenu } from "./AccountMenu";
import { ConnectionBanner } from "./ConnectionBanner";
import { keepFocus } from "./focus";
import { Logo } from "./Logo";
import { Navigation } from "./Navigation";
import { OnDemand } from "./OnDemand";
import "./shell.css";

const MAIN = "main";
const main = () => document.getElementById(MAIN);

function Home(props: Omit<ComponentProps<typeof Link>, "to">) {
  return <Link {...props} to="/" aria-label={t("Lightsout, the fleet")} />;
}

/** What surrounds every page. */
export function Shell() {
  const { pathname } = useLocation();
  useEffect(() => keepFocus(main), []);
  const shown = useRef(pathname);
  useLayoutEffect(() => {
    // The link that led here may have gone with its page.
    if (shown.current !== pathname && document.activeElement === document.body) main()?.focus({ preventScroll: true });
    shown.current = pathname;
  }, [pathname]);
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
            <ToolbarItem>
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
      <OnDemand place={pathname}>
        <Outlet />
      </OnDemand>
    </Page>
  );
}
