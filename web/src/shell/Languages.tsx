import { DropdownGroup, DropdownItem, DropdownList, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { chooseLanguage, language, LANGUAGES, t, type Language } from "../words/i18n";

const NAMES = Object.entries(LANGUAGES) as [Language, string][];

/** The languages to choose from, before anybody has signed in. */
export function LanguageToggle() {
  return (
    <ToggleGroup isCompact aria-label={t("Language")} className="lo-languages">
      {NAMES.map(([tag, name]) => (
        <ToggleGroupItem
          key={tag}
          buttonId={`language-${tag}`}
          isSelected={tag === language()}
          onChange={() => void chooseLanguage(tag)}
          text={<span lang={tag}>{name}</span>}
        />
      ))}
    </ToggleGroup>
  );
}

/** The same, as a part of a menu. */
export function LanguageItems() {
  return (
    <DropdownGroup label={t("Language")}>
      <DropdownList>
        {NAMES.map(([tag, name]) => (
          <DropdownItem
            key={tag}
            lang={tag}
            isSelected={tag === language()}
            onClick={() => void chooseLanguage(tag)}
            data-testid={`language-${tag}`}
          >
            {name}
          </DropdownItem>
        ))}
      </DropdownList>
    </DropdownGroup>
  );
}
