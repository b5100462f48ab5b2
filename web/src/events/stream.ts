/** Server-sent events without I/O: text in, messages out. */

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

/** One fact about a node, as the page needs it. */
export interface LiveEvent {
  kind: string;
  node: string;
  message: string;
  severity: string;
  task: string | undefined;
}

interface RedfishEvent {
  Events?: {
    Message?: string;
    MessageSeverity?: string;
    OriginOfCondition?: { "@odata.id"?: string };
    Oem?: { Lightsout?: { Kind?: string; Node?: string; Details?: Record<string, unknown> } };
  }[];
}

/** The facts in one Redfish event; none when it is no event at all. */
export function liveEvents(data: string): LiveEvent[] {
  let parsed: RedfishEvent;
  try {
    parsed = JSON.parse(data) as RedfishEvent;
  } catch {
    return [];
  }
  return (parsed.Events ?? []).map((event) => {
    const ours = event.Oem?.Lightsout;
    const job = ours?.Details?.job;
    return {
      kind: ours?.Kind ?? "",
      node: ours?.Node ?? /\/Systems\/([^/]+)/.exec(event.OriginOfCondition?.["@odata.id"] ?? "")?.[1] ?? "",
      message: event.Message ?? "",
      severity: event.MessageSeverity ?? "OK",
      task: typeof job === "string" ? job : undefined,
    };
  });
}
