import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sampleSystem } from "../api/sample";
import { SESSION } from "../api/session";
import { carryOut, wantsAnotherTry, type Item, type PageOrder } from "./run";

type Answer = [status: number, body?: unknown] | "away";

/** What the service answers to each request in turn; "away" stands for no answer. */
let script: (method: string, path: string) => Answer;
const asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  vi.stubGlobal("fetch", (path: string, { method }: { method: string }) => {
    asked.push(`${method} ${path}`);
    const answer = script(method, path);
    if (answer === "away") return Promise.reject(new TypeError("no line"));
    return Promise.resolve(new Response(JSON.stringify(answer[1] ?? {}), { status: answer[0] }));
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const TASK = "/redfish/v1/TaskService/Tasks/1";
const task = (state: string) => ({ "@odata.id": TASK, Id: "1", TaskState: state, PercentComplete: 10 });
const node = (id: string) =>
  sampleSystem(id, {
    Actions: { Oem: { "#Lightsout.Reinstall": { target: `/reinstall/${id}` } } },
  } as unknown as Parameters<typeof sampleSystem>[1]);
const REINSTALL: PageOrder = { kind: "reinstall", image: "debian", keys: "", password: "" };

async function run(order: PageOrder, ids: string[], stop = new AbortController(), account?: string) {
  const items = new Map<string, Item>();
  const told: string[] = [];
  const client = new QueryClient();
  client.setQueryDefaults([], { staleTime: Infinity });
  if (account !== undefined) client.setQueryData(SESSION, { account });
  const going = carryOut(
    client,
    order,
    ids.map(node),
    { size: 1, seconds: 0 },
    (id, news) => {
      const item = { id, state: "waiting" as const, words: "", ...items.get(id), ...news };
      items.set(id, item);
      told.push(`${id} ${item.state}${item.held ? " held" : ""}`);
    },
    stop.signal,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await going;
  return { told, states: ids.map((id) => items.get(id)?.state), items: [...items.values()] };
}

test("a service that is away for a while, or wants a new session, costs no node its reinstall", async () => {
  const looks: Answer[] = ["away", [401], [503], [200, task("Running")], [200, task("Completed")]];
  script = (method, path) => {
    if (method === "POST") return [202, task("Running")];
    if (path === TASK) return looks.shift() ?? [200, task("Completed")];
    return [200, { Members: [] }];
  };
  const { told, states } = await run(REINSTALL, ["n1", "n2"]);
  expect(states).toEqual(["done", "done"]);
  expect(told).toContain("n1 running held");
  expect(told.indexOf("n2 running")).toBeGreaterThan(told.indexOf("n1 done"));
  expect(asked.filter((line) => line.startsWith("POST"))).toEqual(["POST /reinstall/n1", "POST /reinstall/n2"]);
});

test("a reinstall whose start nobody has answered is not repeated, and the next one waits for the service", async () => {
  let away = 0;
  script = (method, path) => {
    if (path === "/reinstall/n1") {
      away = 2;
      return "away";
    }
    if (away > 0) {
      away -= 1;
      return "away";
    }
    if (method === "POST") return [202, task("Running")];
    return path === TASK ? [200, task("Completed")] : [200, { Members: [] }];
  };
  const { told, states, items } = await run(REINSTALL, ["n1", "n2"]);
  expect(states).toEqual(["unknown", "done"]);
  expect(told).toContain("n2 waiting held");
  expect(items.filter(wantsAnotherTry)).toEqual([]);
});

test("what the service has refused may be tried again, and while it is away one can still stop", async () => {
  script = (method) => (method === "POST" ? [409] : [200, { Members: [] }]);
  const refused = await run(REINSTALL, ["n1"]);
  expect(refused.items.filter(wantsAnotherTry)).toHaveLength(1);

  script = () => "away";
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 5000);
  const { states } = await run({ kind: "identify", on: true }, ["n1"], stop);
  expect(states).toEqual(["stopped"]);
});

test("what one person has begun does not go on in the name of another who signs in by another tab", async () => {
  let account = "olga";
  const looks: Answer[] = [[401], [200, task("Completed")]];
  script = (method, path) => {
    if (method === "POST") return [202, task("Running")];
    if (path === "/session") return [200, { account }];
    if (path !== TASK) return [200, { Members: [] }];
    account = "mallory";
    return looks.shift() ?? [200, task("Completed")];
  };
  const { states } = await run(REINSTALL, ["n1", "n2"], undefined, account);
  expect(states).toEqual(["done", "stopped"]);
  expect(asked.filter((line) => line.startsWith("POST"))).toEqual(["POST /reinstall/n1"]);
});
