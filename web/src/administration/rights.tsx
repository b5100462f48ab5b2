/** Fields for what an account, a token or an IPMI user may do, and to which servers. */
import { FormGroup, Radio } from "@patternfly/react-core";
import { useMembers, type Scope } from "../api/administration";
import { idOf } from "../api/http";
import { PATHS } from "../api/paths";
import { Choice, Field, type ChoiceProps } from "../shell/fields";
import { t } from "../words/i18n";
import { wordsIn } from "../words/wordsIn";
import { roleWords } from "./words";

/** The roles that the service knows; `more` are those beside them. */
export function RoleChoice({
  id,
  value,
  onChange,
  more = [],
}: Omit<ChoiceProps, "label" | "options"> & { more?: string[] }) {
  const roles = useMembers(PATHS.roles);
  const known = [...(roles.data ?? []).map(idOf), ...more];
  const names = known.includes(value) ? known : [value, ...known];
  const options = names.map((name) => ({ value: name, label: roleWords(name) }));
  return <Choice id={id} label={t("Role")} value={value} onChange={onChange} options={options} />;
}

export interface ScopeText {
  all: boolean;
  nodes: string;
  tags: string;
}

export const scopeText = (scope: Scope | undefined): ScopeText => ({
  all: scope?.AllNodes ?? true,
  nodes: scope?.Nodes.join(" ") ?? "",
  tags: scope?.Tags.join(" ") ?? "",
});

export const scopeOf = (text: ScopeText): Scope => ({
  AllNodes: text.all,
  Nodes: text.all ? [] : wordsIn(text.nodes),
  Tags: text.all ? [] : wordsIn(text.tags),
});

export function ScopeFields({ value, onChange }: { value: ScopeText; onChange: (value: ScopeText) => void }) {
  return (
    <>
      <FormGroup role="radiogroup" label={t("Servers that it may see and act on")} fieldId="scope">
        <Radio
          id="scope-all"
          name="scope"
          label={t("All servers")}
          isChecked={value.all}
          onChange={() => onChange({ ...value, all: true })}
        />
        <Radio
          id="scope-some"
          name="scope"
          label={t("Only some, by name or tag")}
          isChecked={!value.all}
          onChange={() => onChange({ ...value, all: false })}
        />
      </FormGroup>
      {!value.all && (
        <>
          <Field
            id="scope-nodes"
            label={t("Names of servers")}
            help={t("With spaces between them.")}
            value={value.nodes}
            onChange={(nodes) => onChange({ ...value, nodes })}
          />
          <Field
            id="scope-tags"
            label={t("Tags")}
            help={t("Every server that has one of them, also those to come.")}
            value={value.tags}
            onChange={(tags) => onChange({ ...value, tags })}
          />
        </>
      )}
    </>
  );
}
