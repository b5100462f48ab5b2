/** An upload by tus 1.0: how much of it is there, and the next piece. */
import { ApiError, errorText, reportLostSession } from "../api/http";
import { t } from "../words/i18n";

const HEADERS = { "Tus-Resumable": "1.0.0" };

async function ask(method: string, uri: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(uri, { method, cache: "no-store", ...init });
  } catch {
    throw new ApiError(0, t("The Lightsout service cannot be reached."));
  }
  if (response.ok) return response;
  if (response.status === 401) reportLostSession();
  const body: unknown = await response.json().catch(() => undefined);
  throw new ApiError(response.status, errorText(response.status, body));
}

const offsetIn = (response: Response) => Number(response.headers.get("Upload-Offset"));

/** Bytes that the service has. :throws ApiError with status 404 when it waits for nothing any more. */
export async function arrived(uri: string, signal: AbortSignal): Promise<number> {
  return offsetIn(await ask("HEAD", uri, { headers: HEADERS, signal }));
}

/** Sends a piece that begins at `offset`; returns where the next one begins. :throws ApiError */
export async function send(uri: string, offset: number, piece: Blob, signal: AbortSignal): Promise<number> {
  const headers = {
    ...HEADERS,
    "Upload-Offset": String(offset),
    "Content-Type": "application/offset+octet-stream",
  };
  return offsetIn(await ask("PATCH", uri, { headers, body: piece, signal }));
}
