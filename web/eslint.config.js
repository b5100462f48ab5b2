import js from "@eslint/js";
import i18next from "eslint-plugin-i18next";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** Attributes that a person sees or hears, beside those that end in label, text, title or tip. */
const SHOWN = ["description", "placeholder", "term", "action", "keep", "refused", "categoryName", "aria-valuetext"];
/** What is called the same in every language. */
const NAMES = [
  "Lightsout",
  "IPMI",
  "\\(UDP, IPMI 2\\.0\\)",
  "Ctrl-Alt-Del",
  "80 × 24",
  "SHA-256",
  "root",
  "#cloud-config",
  "https://…/disk\\.qcow2",
  "ssh-ed25519 AAAA… you@example",
];

/** Parts of PatternFly that say English words of their own. */
const SPEAKING = [
  {
    name: "@patternfly/react-core",
    importNames: ["Alert", "Modal", "ModalHeader"],
    message: "shell/ has one that speaks the page’s language.",
  },
];

export default defineConfig(
  globalIgnores(["dist", "node_modules"]),
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
    },
  },
  { files: ["src/**/*.{ts,tsx}"], ...hooks.configs.flat.recommended },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/api/http.ts", "src/events/follow.ts"],
    rules: { "no-restricted-globals": ["error", { name: "fetch", message: "Ask by api/http.ts." }] },
  },
  {
    files: ["src/**/*.tsx"],
    plugins: { i18next },
    rules: {
      "i18next/no-literal-string": [
        "error",
        {
          mode: "jsx-only",
          "jsx-attributes": { include: [".*[lL]abel", ".*[tT]ext", ".*[tT]itle", ".*Tip", ...SHOWN] },
          "should-validate-template": true,
          words: { exclude: [/^[^\p{L}]+$/u, ...NAMES] },
        },
      ],
      "no-restricted-imports": ["error", ...SPEAKING],
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.name=/^(done|failed)$/] > :matches(Literal, TemplateLiteral).arguments",
          message: "A notice is translated: t(…).",
        },
      ],
    },
  },
  { files: ["src/shell/{Alert,Dialog}.tsx"], rules: { "no-restricted-imports": "off" } },
);
