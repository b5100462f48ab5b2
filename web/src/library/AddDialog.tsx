import {
  ExpandableSection,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Progress,
  Radio,
  TextInput,
} from "@patternfly/react-core";
import { useEffect, useRef, useState } from "react";
import { useAdd, type AboutImage, type NewItem, type Shelf } from "../api/library";
import { Help } from "../shell/Help";
import { OrderDialog } from "../shell/OrderDialog";
import { bytes } from "../words/format";
import { t } from "../words/i18n";
import { AboutFields } from "./AboutFields";
import { checksum } from "./checksum";
import { uploads } from "./uploads";
import { CHOICES, fileName, formatOf, imageName } from "./words";

interface AddDialogProps {
  shelf: Shelf;
  onClose: () => void;
  /** It is being added, under this name. */
  onBegun?: (name: string) => void;
}

/** Adds an image or a medium: a file from here, or one that the service fetches. */
export default function AddDialog({ shelf, onClose, onBegun }: AddDialogProps) {
  const add = useAdd(shelf);
  const stop = useRef(new AbortController());
  const [from, setFrom] = useState<"file" | "url">("file");
  const [file, setFile] = useState<File | null>(null);
  const [url, setUrl] = useState("");
  const [digest, setDigest] = useState("");
  const [name, setName] = useState("");
  /** What was suggested last: a name that somebody has typed stays. */
  const [suggested, setSuggested] = useState("");
  const [format, setFormat] = useState("raw");
  const [about, setAbout] = useState<AboutImage>({});
  const [read, setRead] = useState<number | null>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  useEffect(() => {
    const { current } = stop;
    return () => current.abort();
  }, []);

  const suggest = (source: string) => {
    const base = fileName(source);
    const wanted = shelf === "image" ? imageName(base) : base;
    if (name === suggested) setName(wanted);
    setSuggested(wanted);
    setFormat(formatOf(base));
  };
  const order = (source: Partial<NewItem>) =>
    add.mutateAsync({ Id: name.trim(), ...(shelf === "image" && { Format: format, ...said(about) }), ...source });
  const begin = async () => {
    if (from === "url") {
      await order({ URL: url.trim(), FileSHA256: digest.trim() });
    } else if (file !== null) {
      setRead(0);
      const found = await checksum(file, setRead, stop.current.signal);
      uploads.start(await order({ FileSHA256: found, FileSizeBytes: file.size }), file);
    }
    onBegun?.(name.trim());
    onClose();
  };
  const submit = () => {
    setProblem(null);
    begin()
      .catch((error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))))
      .finally(() => setRead(null));
  };
  return (
    <OrderDialog
      kind="add"
      title={shelf === "image" ? t("Add an image") : t("Add a medium")}
      description={
        shelf === "image"
          ? t("A whole disk as raw or qcow2, plain or packed as .gz, .xz or .zst.")
          : t("The image of a CD, a USB stick or a floppy, not packed.")
      }
      action={t("Add")}
      refused={t("It was not added")}
      isReady={name.trim() !== "" && (from === "file" ? file !== null : url.trim() !== "" && digest.trim() !== "")}
      order={{ isPending: add.isPending || read !== null, error: problem }}
      onSubmit={submit}
      onClose={onClose}
    >
      <FormGroup role="radiogroup" label={t("From where")} fieldId="add-from" isInline>
        <Radio
          id="add-from-file"
          name="add-from"
          label={t("A file of this computer")}
          isChecked={from === "file"}
          onChange={() => setFrom("file")}
        />
        <Radio
          id="add-from-url"
          name="add-from"
          label={t("A URL that the service fetches")}
          isChecked={from === "url"}
          onChange={() => setFrom("url")}
        />
      </FormGroup>
      {from === "file" ? (
        <FormGroup label={t("File")} fieldId="add-file" isRequired>
          <input
            id="add-file"
            type="file"
            className="lo-file"
            onChange={({ target }) => {
              const chosen = target.files?.[0] ?? null;
              setFile(chosen);
              if (chosen) suggest(chosen.name);
            }}
          />
          <Help>
            {file === null
              ? t("It is read once for its SHA-256, then uploaded; a lost connection does no harm.")
              : bytes(file.size)}
          </Help>
        </FormGroup>
      ) : (
        <>
          <FormGroup label={t("URL")} fieldId="add-url" isRequired>
            <TextInput
              id="add-url"
              type="url"
              value={url}
              placeholder="https://…/disk.qcow2"
              spellCheck={false}
              onChange={(_event, text) => {
                setUrl(text);
                suggest(text);
              }}
            />
          </FormGroup>
          <FormGroup label={t("SHA-256 of the file")} fieldId="add-digest" isRequired>
            <TextInput
              id="add-digest"
              className="lo-mono"
              value={digest}
              spellCheck={false}
              onChange={(_event, text) => setDigest(text)}
            />
            <Help>{t("What comes over a network is compared with it: whoever offers the file tells it.")}</Help>
          </FormGroup>
        </>
      )}
      <FormGroup label={t("Name")} fieldId="add-name" isRequired>
        <TextInput
          id="add-name"
          value={name}
          spellCheck={false}
          autoCapitalize="none"
          onChange={(_event, text) => setName(text)}
        />
        <Help>
          {shelf === "image"
            ? t("Small letters, digits, - and dots.")
            : t("Letters, digits, dots, - and _; nodes and people call it so.")}
        </Help>
      </FormGroup>
      {shelf === "image" && (
        <>
          <FormGroup label={t("Format")} fieldId="add-format">
            <FormSelect id="add-format" value={format} onChange={(_event, chosen) => setFormat(chosen)}>
              {CHOICES.Format.map((each) => (
                <FormSelectOption key={each} value={each} label={each} />
              ))}
            </FormSelect>
          </FormGroup>
          <ExpandableSection toggleText={t("What it is and what it can do")} isIndented>
            <AboutFields value={about} onChange={setAbout} />
          </ExpandableSection>
        </>
      )}
      {read !== null && file !== null && (
        <Progress
          value={Math.floor((100 * read) / Math.max(1, file.size))}
          title={t("Reading the file for its SHA-256")}
          aria-label={t("Reading the file for its SHA-256")}
        />
      )}
    </OrderDialog>
  );
}

/** What was filled in. */
const said = (about: AboutImage) => Object.fromEntries(Object.entries(about).filter(([, value]) => value !== ""));
