import { afterEach, expect, test, vi } from "vitest";
import { errorText, get, idOf, remarks } from "./http";

afterEach(() => vi.unstubAllGlobals());

test("an error is told in the service's words", () => {
  const info = [{ Message: "n1 is off." }, { Message: "n1 is off." }, { Message: "Power it on first." }];
  expect(errorText(409, { error: { message: "See ExtendedInfo.", "@Message.ExtendedInfo": info } })).toBe(
    "n1 is off. Power it on first.",
  );
  expect(errorText(400, { error: { message: "Image must not be empty." } })).toBe("Image must not be empty.");
  expect(errorText(401, { error: "The user name or the password is wrong." })).toBe(
    "The user name or the password is wrong.",
  );
});

test("what a reply remarks beside is told once, and most replies remark nothing", () => {
  const info = [{ Message: "Kept, but no server is called n9 yet." }];
  expect(remarks({ Id: "olga", "@Message.ExtendedInfo": [...info, ...info] })).toEqual([info[0]?.Message]);
  expect([remarks({ Id: "olga" }), remarks(undefined)]).toEqual([[], []]);
});

test("an answer that breaks off is none", async () => {
  const broken = new ReadableStream({ start: (control) => control.error(new TypeError("no line")) });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(broken)));
  await expect(get("/session")).rejects.toMatchObject({ name: "ApiError", status: 0 });
});

test("an error without words names its status", () => {
  expect(errorText(502, undefined)).toContain("HTTP 502");
  expect(errorText(403, {})).toContain("HTTP 403");
});

test("a resource's Id is the end of its address", () => {
  expect(idOf({ "@odata.id": "/redfish/v1/Systems/n1/" })).toBe("n1");
});
