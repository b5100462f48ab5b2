import { FormGroup, FormSelect, FormSelectOption, Radio, TextInput } from "@patternfly/react-core";
import { useNetworkCards } from "../api/parts";
import type { System } from "../api/types";
import { t } from "../words/i18n";
import { Help } from "../shell/Help";
import type { NetworkDraft } from "./order";

interface NetworkFieldsProps {
  system: System;
  value: NetworkDraft;
  onChange: (value: NetworkDraft) => void;
}

/** The new system's network: by DHCP, or as it is told here. */
export function NetworkFields({ system, value, onChange }: NetworkFieldsProps) {
  const cards = useNetworkCards(system).data ?? [];
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
          <Line
            id="network-addresses"
            label={t("Addresses, each with its prefix length")}
            example="192.0.2.10/24 2001:db8::10/64"
            value={value.addresses}
            onChange={(addresses) => put({ addresses })}
            help={t("Without one, addresses come by DHCP and the rest counts.")}
          />
          <Line
            id="network-gateways"
            label={t("Gateways, one for each IP version")}
            example="192.0.2.1"
            value={value.gateways}
            onChange={(gateways) => put({ gateways })}
          />
          <Line
            id="network-dns"
            label={t("Name servers")}
            example="192.0.2.53"
            value={value.nameServers}
            onChange={(nameServers) => put({ nameServers })}
          />
          <Line
            id="network-search"
            label={t("Search domains")}
            example="example.org"
            value={value.searchDomains}
            onChange={(searchDomains) => put({ searchDomains })}
          />
          <Line
            id="network-vlan"
            label={t("VLAN")}
            example="100"
            value={value.vlan}
            onChange={(vlan) => put({ vlan })}
          />
          {cards.length > 1 && (
            <FormGroup label={t("Network card")} fieldId="network-card">
              <FormSelect id="network-card" value={value.mac} onChange={(_event, mac) => put({ mac })}>
                <FormSelectOption value="" label={t("Not said")} />
                {cards.map((card) => (
                  <FormSelectOption key={card.Id} value={card.MACAddress} label={`${card.Id} · ${card.MACAddress}`} />
                ))}
              </FormSelect>
            </FormGroup>
          )}
        </>
      )}
    </>
  );
}

interface LineProps {
  id: string;
  label: string;
  example: string;
  help?: string;
  value: string;
  onChange: (value: string) => void;
}

function Line({ id, label, example, help, value, onChange }: LineProps) {
  return (
    <FormGroup label={label} fieldId={id}>
      <TextInput
        id={id}
        value={value}
        placeholder={example}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(_event, text) => onChange(text)}
      />
      {help && <Help>{help}</Help>}
    </FormGroup>
  );
}
