import i18next from "i18next";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "../api/types";
import { eventWords } from "../timeline/eventWords";
import { age, bytes, duration, list, moment, percent } from "./format";
import "./i18n";
import { reasonWords } from "../console/reasons";
import { told } from "./told";
import chinese from "./zh-CN.json";

const UNKNOWN_PROPERTY = {
  MessageId: "Base.1.22.PropertyUnknown",
  Message: "The property Colour is not in the list of valid properties for the resource.",
  MessageArgs: ["Colour"],
};
const BUSY = { MessageId: "Base.1.22.ResourceInUse", Message: "n1 is reserved by job 7: reinstall", MessageArgs: [] };

function event(id: string, Message: string, Details: Record<string, unknown>): LogEntry {
  const Lightsout = { "@odata.type": "", Kind: id, Node: "n1", Account: "olga", Details, Maintenance: false };
  const entry = { "@odata.id": "/1", "@odata.type": "", Id: "1", Name: "1", EntryType: "Event" } as const;
  const MessageId = `Lightsout.1.0.${id}`;
  return { ...entry, Created: "2026-11-28T03:00:00Z", Message, MessageId, Oem: { Lightsout } };
}

const STUCK = event("PowerAction", "On of n1 failed: the relay is stuck", { action: "On", outcome: "failed" });

test("in English the service speaks for itself", () => {
  expect([UNKNOWN_PROPERTY, BUSY].map((info) => told(info))).toEqual([UNKNOWN_PROPERTY.Message, BUSY.Message]);
  expect(eventWords(STUCK)).toBe(STUCK.Message);
});

describe("in Chinese", () => {
  beforeAll(async () => {
    i18next.addResourceBundle("zh-CN", "translation", chinese);
    await i18next.changeLanguage("zh-CN");
  });
  afterAll(() => i18next.changeLanguage("en"));

  test("a message takes its arguments, or what the service says more precisely", () => {
    expect(told(UNKNOWN_PROPERTY)).toBe("属性“Colour”不是该资源的有效属性。");
    expect(told(BUSY)).toBe("当前状态下无法执行：n1 is reserved by job 7: reinstall");
  });

  test("a message whose text has words of its own is told in these, whatever its MessageId", () => {
    const MessageId = "Base.1.22.PropertyValueError";
    const scope = (Message: string) => told({ Message, MessageId, MessageArgs: ["Oem/Lightsout/Scope"] });
    expect(scope("Kept, but no server is called n9 yet.")).toBe("已保存，但目前没有名为 n9 的服务器。");
    expect(scope("Kept, but no server has the tag rack 1 yet.")).toBe("已保存，但目前没有带标签 rack 1 的服务器。");
    expect(scope("odd")).toBe("属性“Oem/Lightsout/Scope”的值无效：odd");
  });

  test("why a console has ended is told, and what nobody foresaw stays as it is", () => {
    expect(reasonWords("n1 is off: it has no screen; power it on first")).toBe("n1 已关机，没有屏幕信号；请先开机。");
    expect(reasonWords("this console only watches: olga (web from ::1) has the keyboard; take it over to type")).toBe(
      "此控制台当前仅供查看：键盘由 olga (web from ::1) 使用；要输入，请先接管。",
    );
    expect([reasonWords("odd"), reasonWords("")]).toEqual(["Odd.", ""]);
  });

  test("a message without words of ours stays as it is", () => {
    expect(told({ MessageId: "Vendor.1.0.0.Odd", Message: "odd" })).toBe("odd");
    expect(told({ Message: "the fan screams" })).toBe("the fan screams");
  });

  test("an event is told by its details and how it went", () => {
    expect(eventWords(STUCK)).toBe("n1 的“开机”失败：On of n1 failed: the relay is stuck");
    expect(eventWords(event("PowerAction", "…", { action: "ForceOff", outcome: "started" }))).toBe(
      "olga 对 n1 执行“强制关机”",
    );
    expect(eventWords(event("PowerChanged", "…", { from: "On", to: "Off", cause: "guest-shutdown" }))).toBe(
      "n1 已关机（操作系统关机）",
    );
    expect(eventWords(event("IdentifyChanged", "…", { on: false }))).toBe("n1 的定位灯已熄灭");
    expect(eventWords(event("JobProgress", "…", { kind: "reinstall", step: "write", percent: 45 }))).toBe(
      "任务“重装系统”：写入镜像，45%",
    );
  });

  test("what no catalogue knows the outcome of has the words of its kind", () => {
    expect(eventWords(event("IdentifyChanged", "…", {}))).toBe("n1 的定位灯已切换");
  });

  test("numbers, times and lists follow the language", () => {
    expect([age(180_000), duration(45_000), percent(45), bytes(1536)]).toEqual(["3分钟前", "45秒", "45%", "1.5 KiB"]);
    expect(list(["bios", "uefi"])).toBe("bios和uefi");
    expect(moment("2026-11-28T12:00:00Z")).toContain("2026年11月28日");
  });
});
