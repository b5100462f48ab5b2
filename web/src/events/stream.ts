/** Server-sent events without I/O: text in, messages out. */
import type { Event } from "../api/types";

export interface Message {
  id: string;
  data: string;
}

/** A parser of one connection's text; a message comes out when its blank line has come in. */
export class StreamParser {
  private buffer = "";
  private id = "";
  private data: string[] = [];

  push(chunk: string): Message[] {
    const lines = (this.buffer + chunk).split(/\r\n|\n/);
    this.buffer = lines.pop() ?? "";
    const messages: Message[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) messages.push({ id: this.id, data: this.data.join("\n") });
        this.data = [];
        continue;
      }
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (field === "id") this.id = value ?? "";
      if (field === "data") this.data.push(value ?? "");
    }
    return messages;
  }
}

/** What has happened, as far as the page must know which of what it shows is old. */
export interface LiveEvent {
  /** "" where it is no event of ours. */
  kind: string;
  /** "" where it is about none. */
  node: string;
  task: string | undefined;
}

/** The facts in one Redfish event; none when it is no event at all. */
export function liveEvents(data: string): LiveEvent[] {
  let parsed: Partial<Event>;
  try {
    parsed = JSON.parse(data) as Partial<Event>;
  } catch {
    return [];
  }
  return (parsed.Events ?? []).map(({ Oem, OriginOfCondition }) => {
    const ours = Oem?.Lightsout;
    const job = ours?.Details.job;
    return {
      kind: ours?.Kind ?? "",
      node: ours?.Node ?? /\/Systems\/([^/]+)/.exec(OriginOfCondition?.["@odata.id"] ?? "")?.[1] ?? "",
      task: typeof job === "string" ? job : undefined,
    };
  });
}
