import { FormGroup, Radio } from "@patternfly/react-core";
import { useNetworkCards } from "../api/parts";
import type { System } from "../api/types";
import { Choice, Field } from "../shell/fields";
import { Unread } from "../shell/Unread";
import { t } from "../words/i18n";
import type { NetworkDraft } from "./order";

interface NetworkFieldsProps {
  system: System;
  value: NetworkDraft;
  onChange: (value: NetworkDraft) => void;
}

/** The new system's network: by DHCP, or as it is told here. */
export function NetworkFields({ system, value, onChange }: NetworkFieldsProps) {
  const found = useNetworkCards(system);
  const cards = found.data ?? [];
  const put = (news: Partial<NetworkDraft>) => onChange({ ...value, ...news });
  return (
    <>
      <FormGroup role="radiogroup" label={t("Addresses")} fieldId="network-how" isInline>
        <Radio
          id="network-dhcp"
          name="network-how"
          label={t("By DHCP")}
          isChecked={!value.isStatic}
          onChange={() => put({ isStatic: false })}
        />
        <Radio
          id="network-static"
          name="network-how"
          label={t("As told here")}
          isChecked={value.isStatic}
          onChange={() => put({ isStatic: true })}
        />
      </FormGroup>
      {value.isStatic && (
        <>
          <Field
            id="network-addresses"
            label={t("Addresses, each with its prefix length")}
            example="192.0.2.10/24 2001:db8::10/64"
            value={value.addresses}
            onChange={(addresses) => put({ addresses })}
            help={t("Without one, addresses come by DHCP and the rest counts.")}
          />
          <Field
            id="network-gateways"
            label={t("Gateways, one for each IP version")}
            example="192.0.2.1"
            value={value.gateways}
            onChange={(gateways) => put({ gateways })}
          />
          <Field
            id="network-dns"
            label={t("Name servers")}
            example="192.0.2.53"
            value={value.nameServers}
            onChange={(nameServers) => put({ nameServers })}
          />
          <Field
            id="network-search"
            label={t("Search domains")}
            example="example.org"
            value={value.searchDomains}
            onChange={(searchDomains) => put({ searchDomains })}
          />
          <Field
            id="network-vlan"
            label={t("VLAN")}
            example="100"
            value={value.vlan}
            onChange={(vlan) => put({ vlan })}
          />
          {found.isError && !found.data && <Unread of={found} />}
          {cards.length > 1 && (
            <Choice
              id="network-card"
              label={t("Network card")}
              value={value.mac}
              onChange={(mac) => put({ mac })}
              options={[
                { value: "", label: t("Not said") },
                ...cards.map(({ Id, MACAddress }) => ({ value: MACAddress ?? "", label: `${Id} · ${MACAddress}` })),
              ]}
            />
          )}
        </>
      )}
    </>
  );
}
