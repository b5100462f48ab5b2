import { DescriptionList } from "@patternfly/react-core";
import type { LibraryImage } from "../api/library";
import type { System } from "../api/types";
import { Alert } from "../shell/Alert";
import { Fact } from "../words/Facts";
import { bytes } from "../words/format";
import { t } from "../words/i18n";
import { useDiskWords } from "./DiskChoice";
import { Refusal } from "../shell/Refusal";
import { toRequest, type Draft } from "./order";
import { wayWords } from "./WayChoice";

interface ReviewProps {
  system: System;
  draft: Draft;
  image: LibraryImage | undefined;
  settings: string[];
  /** Why the service has refused it. */
  error: Error | null;
}

/** All that will be asked for, and what it costs. */
export function Review({ system, draft, image, settings, error }: ReviewProps) {
  const diskWords = useDiskWords(system);
  const order = toRequest(draft, settings);
  const network = order.Network;
  return (
    <>
      <DescriptionList isCompact isHorizontal aria-label={t("What will be done")}>
        <Fact term={t("Image")}>{image ? `${image.Name} (${image.Id})` : draft.image}</Fact>
        <Fact term={t("Disk that is erased")}>{diskWords(draft.disk)}</Fact>
        {order.Way && <Fact term={t("The server boots for it from")}>{wayWords(order.Way)}</Fact>}
        {order.Hostname !== undefined && <Fact term={t("Host name")}>{order.Hostname}</Fact>}
        {settings.includes("User") && <Fact term={t("User")}>{order.User ?? "root"}</Fact>}
        {order.SSHKeys && (
          <Fact term={t("SSH keys")}>
            {order.SSHKeys.length === 0
              ? t("none")
              : [...new Set(order.SSHKeys)].map((key) => (
                  <div key={key} className="lo-long">
                    {brief(key)}
                  </div>
                ))}
          </Fact>
        )}
        {settings.includes("Password") && <Fact term={t("Password")}>{order.Password ? t("is set") : t("none")}</Fact>}
        {settings.includes("Network") && (
          <Fact term={t("Network")}>
            {network
              ? [
                  network.MACAddress,
                  network.VLANId && `${t("VLAN")} ${network.VLANId}`,
                  ...(network.Addresses ?? []),
                  ...(network.Gateways ?? []),
                  ...(network.NameServers ?? []),
                  ...(network.SearchDomains ?? []),
                ]
                  .filter(Boolean)
                  .join(", ")
              : t("By DHCP")}
          </Fact>
        )}
        {settings.includes("UserData") && (
          <Fact term={t("User data")}>{order.UserData ? bytes(new Blob([order.UserData]).size) : t("none")}</Fact>
        )}
      </DescriptionList>
      {settings.includes("SSHKeys") && order.SSHKeys?.length === 0 && !order.Password && !order.UserData && (
        <Alert
          variant="warning"
          isInline
          component="p"
          title={t("Nobody will get in: there is neither a key nor a password.")}
        />
      )}
      <Alert
        variant="danger"
        isInline
        component="p"
        title={t("Everything on {{node}}’s disk is erased", { node: system.Name })}
      >
        {t("The node is powered off at once and its disk is overwritten. There is no way back.")}
      </Alert>
      {error && <Refusal title={t("The reinstall was not started")} error={error} />}
    </>
  );
}

/** A key as people know it: its kind, the end of it, and its comment. */
function brief(key: string): string {
  const [kind = "", data = "", ...comment] = key.split(/\s+/);
  return `${kind} …${data.slice(-8)} ${comment.join(" ")}`;
}
