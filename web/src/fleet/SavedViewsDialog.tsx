import { Button, Content, Form, FormGroup, ModalBody, ModalFooter, TextInput } from "@patternfly/react-core";
import { useState } from "react";
import { Dialog, DialogHeader } from "../shell/Dialog";
import { t } from "../words/i18n";
import type { useSavedViews } from "./savedViews";

interface SavedViewsDialogProps {
  saved: ReturnType<typeof useSavedViews>;
  /** What is shown now. */
  query: string;
  onClose: () => void;
}

/** Gives what is shown a name, and forgets names. */
export default function SavedViewsDialog({ saved, query, onClose }: SavedViewsDialogProps) {
  const [name, setName] = useState("");
  const wanted = name.trim();
  const known = saved.views.some((view) => view.name === wanted);
  const save = () => {
    saved.save({ name: wanted, query });
    onClose();
  };
  return (
    <Dialog variant="small" onClose={onClose} aria-labelledby="saved-views-title">
      <DialogHeader title={t("Saved views")} labelId="saved-views-title" />
      <ModalBody>
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            if (wanted !== "") save();
          }}
        >
          <Content component="p">
            {t(
              "A view is what you filter, sort and group by. It is kept in this browser; to show it to a colleague, send the page’s address.",
            )}
          </Content>
          <FormGroup label={t("Name of what is shown now")} fieldId="view-name">
            <TextInput
              id="view-name"
              value={name}
              maxLength={60}
              onChange={(_event, value) => setName(value)}
              autoFocus
            />
          </FormGroup>
        </Form>
        {saved.views.length > 0 && (
          <ul className="lo-saved-views">
            {saved.views.map((view) => (
              <li key={view.name} className="lo-row">
                <span>{view.name}</span>
                <Button
                  variant="link"
                  isInline
                  onClick={() => saved.forget(view.name)}
                  aria-label={t("Remove the view {{name}}", { name: view.name })}
                >
                  {t("Remove")}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" isDisabled={wanted === ""} onClick={save}>
          {known ? t("Replace") : t("Save")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("Cancel")}
        </Button>
      </ModalFooter>
    </Dialog>
  );
}
