import { Nav, NavItem, NavList } from "@patternfly/react-core";
import { NavLink, useLocation } from "react-router";
import { t, type Message } from "../words/i18n";

/** The pages of the whole service, and what else stands under each. */
const PAGES: { path: string; title: Message; also?: string }[] = [
  { path: "/", title: "Fleet", also: "/nodes/" },
  { path: "/library", title: "Library" },
  { path: "/administration", title: "Administration" },
];

export function Navigation() {
  const { pathname } = useLocation();
  return (
    <Nav variant="horizontal" aria-label={t("Pages")}>
      <NavList>
        {PAGES.map(({ path, title, also }) => {
          const isActive = path === "/" ? pathname === "/" : pathname.startsWith(path);
          return (
            <NavItem key={path} itemId={path} isActive={isActive || (also !== undefined && pathname.startsWith(also))}>
              <NavLink to={path}>{t(title)}</NavLink>
            </NavItem>
          );
        })}
      </NavList>
    </Nav>
  );
}
