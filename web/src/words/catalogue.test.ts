/** The Chinese catalogue holds what the page asks for: all of it, nothing else. Its terms are listed in docs/web.md. */
import ts from "typescript";
import { expect, test } from "vitest";
import en from "./en.json";
import chinese from "./zh-CN.json";

const FILES = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.ts", "!../**/*.d.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});
/** Of the service's own messages, by MessageId; tests/redfish compares them with its registries. */
const BY_ID = /^(Base|Lightsout)\./;
const PLURAL = /_(zero|one|two|few|many|other)$/;

interface Asked {
  text: string;
  /** Whether it is asked for when its module is loaded, which is before anybody knows the language. */
  tooEarly: boolean;
}

interface Source {
  asked: Asked[];
  /** Every string that stands in it, asked for at once or by way of a table. */
  literals: string[];
}

const isFunction = (node: ts.Node) => ts.isFunctionLike(node) || ts.isClassElement(node);

function read(path: string, code: string): Source {
  const source: Source = { asked: [], literals: [] };
  const visit = (node: ts.Node, tooEarly: boolean): void => {
    if (ts.isStringLiteralLike(node)) {
      source.literals.push(node.text);
      if (isAskedFor(node)) source.asked.push({ text: node.text, tooEarly });
    }
    ts.forEachChild(node, (child) => visit(child, tooEarly && !isFunction(node)));
  };
  visit(ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true), true);
  return source;
}

/** Whether it is what `t` or the `i18nKey` of a Trans gets, perhaps as one of two. */
function isAskedFor(literal: ts.Node): boolean {
  let node = literal;
  while (ts.isConditionalExpression(node.parent) && node.parent.condition !== node) node = node.parent;
  const { parent } = node;
  if (ts.isCallExpression(parent)) return parent.arguments[0] === node && parent.expression.getText() === "t";
  const attribute = ts.isJsxExpression(parent) ? parent.parent : parent;
  return ts.isJsxAttribute(attribute) && attribute.name.getText() === "i18nKey";
}

const SOURCES = Object.entries(FILES).map(([path, code]) => read(path, code));
const ASKED = SOURCES.flatMap(({ asked }) => asked);
const LITERALS = new Set(SOURCES.flatMap(({ literals }) => literals));
const TEXTS = Object.entries(chinese);
const KNOWN = new Set(Object.keys(chinese).map((key) => key.replace(PLURAL, "")));

const places = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();
const tags = (text: string) => [...(text.match(/<\/?\w+\/?>/g) ?? [])].sort();

test("every text that the page asks for is there in Chinese", () => {
  expect(ASKED.length).toBeGreaterThan(200);
  expect(ASKED.map(({ text }) => text).filter((text) => !KNOWN.has(text))).toEqual([]);
});

test("no text is asked for before the language is known", () => {
  expect(ASKED.filter(({ tooEarly }) => tooEarly)).toEqual([]);
});

test("nothing is translated that the page does not say", () => {
  const own = [...KNOWN, ...Object.keys(en).map((key) => key.replace(PLURAL, ""))].filter((key) => !BY_ID.test(key));
  expect(own.filter((key) => !LITERALS.has(key))).toEqual([]);
});

test("a Chinese text has the places and the elements of the English one", () => {
  const shape = (text: string) => [...places(text), ...tags(text)];
  const own = TEXTS.filter(([key]) => !BY_ID.test(key)).map(([key, text]) => [key.replace(PLURAL, ""), text] as const);
  expect(own.filter(([key, text]) => shape(key).join() !== shape(text).join())).toEqual([]);
});

test("no element has a name that HTML knows as one without contents, which it would lose", () => {
  const voids = /<(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)\b/;
  expect([...KNOWN].filter((key) => voids.test(key))).toEqual([]);
});

test("no Chinese text is empty, or English that was forgotten", () => {
  expect(TEXTS.filter(([key, text]) => text.trim() === "" || text === key)).toEqual([]);
});

test("Chinese has the one plural form that it needs, and English its two", () => {
  expect(Object.keys(chinese).filter((key) => PLURAL.test(key) && !key.endsWith("_other"))).toEqual([]);
  const forms = (key: string) => Object.keys(en).filter((each) => each.replace(PLURAL, "") === key);
  const counted = Object.keys(chinese)
    .filter((key) => PLURAL.test(key))
    .map((key) => key.replace(PLURAL, ""));
  for (const key of counted) expect(forms(key)).toEqual([`${key}_one`, `${key}_other`]);
});
