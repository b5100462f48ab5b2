/** The permanent log of a node's serial console: its lines, and all of it as files. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { attention } from "./attention";
import { get, reach } from "./http";
import { logPath } from "./paths";
import type { LogService } from "./redfish";
import type { LogPage, PlainEntry, System } from "./types";

export type { PlainEntry as SerialLine } from "./types";

/** What of the log is meant: moments in RFC 3339, "" for no bound. */
export interface Period {
  since: string;
  until: string;
}

export const FORMATS = ["text", "raw", "asciicast"] as const;
export type Format = (typeof FORMATS)[number];

const PAGE = 200;
const AROUND = 21;

function asked(period: Period, more: Record<string, string>): string {
  const query = new URLSearchParams(more);
  if (period.since !== "") query.set("since", period.since);
  if (period.until !== "") query.set("until", period.until);
  return query.toString();
}

export function useSerialLog(system: System) {
  return useQuery({
    queryKey: ["serial-log", system.Id],
    queryFn: () => get<LogService>(logPath(system, "SerialLog")),
    staleTime: 0,
  });
}

/** Lines with `text` in them, newest first, a page at a time; "" finds all. */
export function useSerialLines(system: System, text: string, period: Period) {
  return useInfiniteQuery({
    queryKey: ["serial-lines", system.Id, text, period],
    queryFn: ({ pageParam }) =>
      get<LogPage<PlainEntry>>(
        `${logPath(system, "SerialLog")}/Entries?${asked(period, {
          ...(text === "" ? {} : { search: text }),
          $skip: String(pageParam),
          $top: String(PAGE),
        })}`,
      ),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const shown = pages.reduce((sum, page) => sum + page.Members.length, 0);
      return last.Members.length > 0 && shown < last["Members@odata.count"] ? shown : undefined;
    },
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
}

/** What stood around a line, oldest first. */
export function useLinesAround(system: System, line: PlainEntry, enabled: boolean) {
  return useQuery({
    queryKey: ["serial-around", system.Id, line.Id],
    queryFn: async () => {
      const lines = await get<LogPage<PlainEntry>>(
        `${logPath(system, "SerialLog")}/Entries?around=${line.Id}&$top=${AROUND}`,
      );
      return lines.Members.reverse();
    },
    enabled,
  });
}

/** Where a file of the log is; undefined when the service offers none of that kind. */
export function fileOf(log: LogService | undefined, format: Format, period: Period): string | undefined {
  const address = log?.Oem?.Lightsout.ExportURIs.find((each) => each.endsWith(`format=${format}`));
  const more = asked(period, {});
  return address && (more === "" ? address : `${address}&${more}`);
}

/** What stands in it. :throws ApiError as `reach`. */
export const fetchFile = async (address: string, signal: AbortSignal) =>
  (await reach(address, { headers: attention(), signal })).text;
