import { expect, test } from "vitest";
import { liveEvents, StreamParser } from "./stream";

test("a message comes out whole however the bytes were cut", () => {
  const text = ": keep-alive\n\nid: 7\ndata: one\ndata: two\n\nid:8\r\ndata:three\r\n\r\n";
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new StreamParser();
    const messages = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    expect(messages).toEqual([
      { id: "7", data: "one\ntwo" },
      { id: "8", data: "three" },
    ]);
  }
});

test("an event names its node and its job", () => {
  const event = {
    Events: [
      {
        Message: "50 %",
        MessageSeverity: "OK",
        OriginOfCondition: { "@odata.id": "/redfish/v1/Systems/n1" },
        Oem: { Lightsout: { Kind: "job.progress", Node: "n1", Details: { job: "j1" } } },
      },
    ],
  };
  expect(liveEvents(JSON.stringify(event))).toEqual([{ kind: "job.progress", node: "n1", task: "j1" }]);
});

test("the node is found by the event's origin when nothing else names it", () => {
  const event = { Events: [{ OriginOfCondition: { "@odata.id": "/redfish/v1/Systems/n2" } }] };
  expect(liveEvents(JSON.stringify(event))[0]?.node).toBe("n2");
});

test("what is no event is no event", () => {
  expect(liveEvents("not JSON")).toEqual([]);
  expect(liveEvents("{}")).toEqual([]);
});
