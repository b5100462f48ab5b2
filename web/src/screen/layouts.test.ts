import { expect, test } from "vitest";
import { LAYOUT_NAMES, typing, type Layout } from "./layouts";

const LAYOUTS = Object.keys(LAYOUT_NAMES) as Layout[];
const ASCII = Array.from({ length: 95 }, (_none, index) => String.fromCharCode(32 + index)).join("");

/** Each key with its modifiers: "s" for Shift, "g" for AltGr. */
const keys = (text: string, layout: Layout) =>
  typing(text, layout).strokes.map(({ code, shift, altGr }) => `${shift ? "s-" : ""}${altGr ? "g-" : ""}${code}`);

test.each(LAYOUTS)("every printable ASCII character can be typed on %s", (layout) => {
  expect(typing(ASCII, layout).untypable).toEqual([]);
});

test("capitals and symbols hold Shift on the key that bears them", () => {
  expect(typing("aA1! ", "us").strokes).toEqual([
    { keysym: 0x61, code: "KeyA", shift: false, altGr: false },
    { keysym: 0x41, code: "KeyA", shift: true, altGr: false },
    { keysym: 0x31, code: "Digit1", shift: false, altGr: false },
    { keysym: 0x21, code: "Digit1", shift: true, altGr: false },
    { keysym: 0x20, code: "Space", shift: false, altGr: false },
  ]);
});

test("the places of a layout's own keys are known", () => {
  expect(keys('zy@"{ß', "de")).toEqual(["KeyY", "KeyZ", "g-KeyQ", "s-Digit2", "g-Digit7", "Minus"]);
  expect(keys("aq1é@", "fr")).toEqual(["KeyQ", "KeyA", "s-Digit1", "Digit2", "g-Digit0"]);
  expect(keys('@#~"|', "gb")).toEqual(["s-Quote", "Backslash", "s-Backslash", "s-Digit2", "s-IntlBackslash"]);
  expect(keys("@{", "it")).toEqual(["g-Semicolon", "s-g-BracketLeft"]);
  expect(keys("@", "ch")).toEqual(["g-Digit2"]);
  expect(keys("@:_|", "jp")).toEqual(["BracketLeft", "Quote", "s-IntlRo", "s-IntlYen"]);
});

test("a key that only some keyboards have is the last choice", () => {
  expect(keys("<", "jp")).toEqual(["s-Comma"]);
  expect(keys("<>|", "de")).toEqual(["IntlBackslash", "s-IntlBackslash", "g-IntlBackslash"]);
});

test("dead keys make letters with accents, and with the space bar the accent alone", () => {
  expect(keys("é", "de")).toEqual(["Equal", "KeyE"]);
  expect(keys("ê", "fr")).toEqual(["BracketLeft", "KeyE"]);
  expect(keys("Ï", "fr")).toEqual(["s-BracketLeft", "s-KeyI"]);
  expect(keys("^`", "de")).toEqual(["Backquote", "Space", "s-Equal", "Space"]);
  expect(keys("e\u0301", "de")).toEqual(["Equal", "KeyE"]);
});

test("a line end is one Enter, whatever system it comes from", () => {
  expect(keys("\r\n\r\n", "us")).toEqual(["Enter", "Enter"]);
});

test("what a keyboard lacks is named once", () => {
  expect(typing("é1é漢", "us")).toEqual({ strokes: typing("1", "us").strokes, untypable: ["é", "漢"] });
});
