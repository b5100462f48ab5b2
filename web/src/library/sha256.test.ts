import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Sha256 } from "./sha256";

const expected = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const bytes = (length: number) => Uint8Array.from({ length }, (_none, index) => (index * 167 + (index >> 3)) & 255);

test("a file of any length has the digest that others find", () => {
  for (let length = 0; length < 260; length += 1) {
    const sum = new Sha256();
    sum.push(bytes(length));
    expect(sum.digest()).toBe(expected(bytes(length)));
  }
});

test("the digest is the same however the file was cut", () => {
  const data = bytes(100_000);
  for (const piece of [1, 63, 64, 65, 4096, 99_999]) {
    const sum = new Sha256();
    for (let at = 0; at < data.length; at += piece) sum.push(data.subarray(at, at + piece));
    expect(sum.digest()).toBe(expected(data));
  }
});
