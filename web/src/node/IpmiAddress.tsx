import { Card, CardBody, CardTitle, ClipboardCopy } from "@patternfly/react-core";
import { useSession } from "../api/session";
import type { System } from "../api/types";
import { t } from "../words/i18n";

/** Where the node's IPMI door is, with a line that can be pasted. The key comes from a file, never from the command line. */
export function IpmiAddress({ system }: { system: System }) {
  const account = useSession().data?.account ?? "admin";
  const ipmi = system.Oem.Lightsout.IPMI;
  if (!ipmi) return null;
  const line = `ipmitool -I lanplus -H ${ipmi.Host} -p ${ipmi.Port} -U ${account} -f KEYFILE chassis status`;
  return (
    <Card>
      <CardTitle component="h2">IPMI</CardTitle>
      <CardBody>
        <p className="lo-now">
          <code>
            {ipmi.Host}:{ipmi.Port}
          </code>{" "}
          (UDP, IPMI 2.0)
        </p>
        <ClipboardCopy
          isReadOnly
          isCode
          hoverTip={t("Copy")}
          clickTip={t("Copied")}
          textAriaLabel={t("ipmitool line")}
          truncation={false}
        >
          {line}
        </ClipboardCopy>
        <p className="lo-muted">
          {t("KEYFILE holds the IPMI key of an account that has a slot on this node.")}{" "}
          {t("It is not the password of this page.")}
        </p>
      </CardBody>
    </Card>
  );
}
