/** What the tabs of administration have in common: lists in every state, and dialogues that send something. */
import {
  Button,
  EmptyState,
  EmptyStateBody,
  Form,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  ModalBody,
  ModalFooter,
  Radio,
  TextInput,
  Title,
} from "@patternfly/react-core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode, SubmitEvent } from "react";
import { ROLES, useMembers, type Scope } from "../api/administration";
import { idOf } from "../api/http";
import { Alert } from "../shell/Alert";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { t } from "../words/i18n";
import { roleWords } from "./words";

interface SectionProps {
  title: string;
  about?: ReactNode;
  /** What can be added, or done to all of it. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Section({ title, about, actions, children }: SectionProps) {
  return (
    <section className="lo-section" aria-label={title}>
      <div className="lo-row lo-section-head">
        <Title headingLevel="h2">{title}</Title>
        {actions && <div className="lo-labels">{actions}</div>}
      </div>
      {about && <p className="lo-muted lo-about">{about}</p>}
      {children}
    </section>
  );
}

interface ShownProps<T> {
  of: Pick<UseQueryResult<T[]>, "data" | "error" | "isPending" | "refetch">;
  failed: string;
  empty: string;
  /** What to do where there is nothing. */
  remedy: string;
  children: (items: T[]) => ReactNode;
}

/** A list: while it loads, when it cannot be had, when nothing is in it, and itself. */
export function Shown<T>({ of, failed, empty, remedy, children }: ShownProps<T>) {
  if (of.data === undefined)
    return of.error ? <ErrorPanel title={failed} error={of.error} retry={() => void of.refetch()} /> : <Loading />;
  if (of.data.length > 0) return children(of.data);
  return (
    <EmptyState titleText={empty} headingLevel="h3">
      <EmptyStateBody>{remedy}</EmptyStateBody>
    </EmptyState>
  );
}

interface FormDialogProps {
  /** Names the parts of the dialogue, for no person to read. */
  kind: string;
  title: string;
  description?: string;
  /** What the button says. */
  action: string;
  /** What is said over the reason when the service has refused. */
  refused: string;
  isDanger?: boolean;
  isReady?: boolean;
  order: { isPending: boolean; error: Error | null };
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}

export function FormDialog({ kind, order, onSubmit, onClose, children, isReady = true, ...shown }: FormDialogProps) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog variant="medium" onClose={onClose} aria-labelledby={`${kind}-title`}>
      <DialogHeader title={shown.title} labelId={`${kind}-title`} description={shown.description} />
      <ModalBody>
        <Form id={`${kind}-form`} onSubmit={submit}>
          {children}
        </Form>
      </ModalBody>
      {order.error !== null && (
        <Alert
          variant="danger"
          isInline
          className="lo-dialog-error"
          component="p"
          title={shown.refused}
          role="alert"
          data-testid="refusal"
        >
          {order.error.message}
        </Alert>
      )}
      <ModalFooter>
        <Button
          type="submit"
          form={`${kind}-form`}
          variant={shown.isDanger ? "danger" : "primary"}
          isLoading={order.isPending}
          isDisabled={order.isPending || !isReady}
        >
          {shown.action}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  type?: "text" | "password" | "url" | "datetime-local";
  isRequired?: boolean;
  isReadOnly?: boolean;
}

export function Field({ id, label, value, onChange, help, type = "text", isRequired = false, ...more }: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      <TextInput
        id={id}
        type={type}
        value={value}
        isRequired={isRequired}
        autoComplete={type === "password" ? "new-password" : "off"}
        autoCapitalize="none"
        spellCheck={false}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(_event, text) => onChange(text)}
        {...(more.isReadOnly ? { readOnlyVariant: "default" as const } : {})}
      />
      {help !== undefined && <Help id={`${id}-help`}>{help}</Help>}
    </FormGroup>
  );
}

export function Help({ id, children }: { id: string; children: string }) {
  return (
    <FormHelperText>
      <HelperText id={id}>
        <HelperTextItem>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}

interface ChoiceProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string }[];
}

export function Choice({ id, label, value, onChange, options }: ChoiceProps) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} value={value} aria-label={label} onChange={(_event, chosen) => onChange(chosen)}>
        {options.map((option) => (
          <FormSelectOption key={option.value} value={option.value} label={option.label} />
        ))}
      </FormSelect>
    </FormGroup>
  );
}

/** The roles that the service knows; `more` are those beside them. */
export function RoleChoice({
  id,
  value,
  onChange,
  more = [],
}: Omit<ChoiceProps, "label" | "options"> & { more?: string[] }) {
  const roles = useMembers(ROLES);
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

const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== "");

export const scopeText = (scope: Scope | undefined): ScopeText => ({
  all: scope?.AllNodes ?? true,
  nodes: scope?.Nodes.join(" ") ?? "",
  tags: scope?.Tags.join(" ") ?? "",
});

export const scopeOf = (text: ScopeText): Scope => ({
  AllNodes: text.all,
  Nodes: text.all ? [] : words(text.nodes),
  Tags: text.all ? [] : words(text.tags),
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
