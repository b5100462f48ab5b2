/** What the page says, in the language of who reads it: every word goes through `t`, or `Trans` where it holds elements. */
import i18next, { type ParseKeys, type ResourceLanguage } from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";

/** The English text itself; that there is a Chinese one for it, the compiler sees. */
export type Message = ParseKeys;

/** Each by its own name. */
export const LANGUAGES = { en: "English", "zh-CN": "简体中文" } as const;
export type Language = keyof typeof LANGUAGES;

/** English is in the source, but for its plurals. */
const CATALOGUES: Record<Language, () => Promise<ResourceLanguage>> = {
  en: () => Promise.resolve(en),
  "zh-CN": async () => (await import("./zh-CN.json")).default,
};
const CHOICE = "lightsout-language";

void i18next.use(initReactI18next).init({
  lng: "en",
  resources: { en: { translation: en } },
  initAsync: false,
  fallbackLng: false,
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
  react: { useSuspense: false },
});

export const { t } = i18next;

/** The word of a table for what the service calls `name`. */
export function named(table: Record<string, Message>, name: string, otherwise = name): string {
  const words = table[name];
  return words === undefined ? otherwise : t(words);
}

export const language = () => i18next.language as Language;

/** For `Intl`: the viewer's own kind of the language, as en-GB is of English. */
export function locale(): string {
  return navigator.languages.find((tag) => sameLanguage(tag, language())) ?? language();
}

const sameLanguage = (one: string, other: string) => one.split("-")[0] === other.split("-")[0];

/** What was chosen in this browser, else the first of the browser's languages that we have, else English. */
function wanted(): Language {
  const ours = Object.keys(LANGUAGES) as Language[];
  const asked = [localStorage.getItem(CHOICE) ?? "", ...navigator.languages];
  return asked.map((tag) => ours.find((name) => sameLanguage(tag, name))).find((name) => name !== undefined) ?? "en";
}

async function speak(language: Language): Promise<void> {
  i18next.addResourceBundle(language, "translation", await CATALOGUES[language]());
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Resolves when the page can be shown; from then on it follows what is chosen in any tab. */
export async function startSpeaking(): Promise<void> {
  window.addEventListener("storage", ({ key }) => {
    if (key === CHOICE) void speak(wanted());
  });
  await speak(wanted()).catch(() => speak("en"));
}

export function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(CHOICE, language);
  return speak(language);
}
