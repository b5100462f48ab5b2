/** What the tables of images and of media have in common. */
import { ClipboardCopy } from "@patternfly/react-core";
import { Link } from "react-router";
import type { LibraryItem } from "../api/library";
import { nodePath } from "../node/address";
import { Ago } from "../words/Ago";
import { t } from "../words/i18n";

const SHOWN = 12;

/** The beginning of a SHA-256, which is copied whole. */
export function Digest({ item }: { item: LibraryItem }) {
  if (item.SHA256 === null) return <span className="lo-muted">–</span>;
  return (
    <ClipboardCopy
      isReadOnly
      isCode
      variant="inline-compact"
      truncation={{ maxCharsDisplayed: SHOWN }}
      hoverTip={t("Copy the SHA-256 of {{name}}", { name: item.Id })}
      clickTip={t("Copied")}
      aria-label={t("SHA-256 of {{name}}", { name: item.Id })}
      copyAriaLabel={t("Copy the SHA-256 of {{name}}", { name: item.Id })}
    >
      {item.SHA256}
    </ClipboardCopy>
  );
}

/** The nodes that use it, each a way there. */
export function Users({ nodes }: { nodes: string[] }) {
  if (nodes.length === 0) return <span className="lo-muted">{t("nobody")}</span>;
  return (
    <span className="lo-users">
      {nodes.map((node) => (
        <Link key={node} to={nodePath(node)}>
          {node}
        </Link>
      ))}
    </span>
  );
}

export function Added({ item }: { item: LibraryItem }) {
  if (item.Added === null) return <span className="lo-muted">{t("built here")}</span>;
  return (
    <>
      <Ago iso={item.Added} />
      {item.Account && <div className="lo-muted">{item.Account}</div>}
    </>
  );
}
