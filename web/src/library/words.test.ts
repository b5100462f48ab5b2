import { expect, test } from "vitest";
import { fileName, formatOf, imageName } from "./words";

test("an image is named for its file", () => {
  expect(imageName("Debian_12.raw.zst")).toBe("debian-12");
  expect(imageName("web.qcow2")).toBe("web");
  expect(fileName("https://host/a/b/disk.img.gz?token=1#top")).toBe("disk.img.gz");
});

test("the end of a file's name tells its format", () => {
  expect(["a.img", "a.raw.xz", "a.qcow2", "a.qcow2.gz", "a.zst", "a"].map(formatOf)).toEqual([
    "raw",
    "raw.xz",
    "qcow2",
    "qcow2.gz",
    "raw.zst",
    "raw",
  ]);
});
