/** An upload by tus 1.0: how much of it is there, and the next piece. */
import { reach } from "../api/http";

const HEADERS = { "Tus-Resumable": "1.0.0" };

/** Where the next piece begins. An upload that somebody has begun is use of the session for as long as it goes on. */
async function ask(method: string, uri: string, init: RequestInit): Promise<number> {
  const { headers } = await reach(uri, { method, cache: "no-store", ...init });
  return Number(headers.get("Upload-Offset"));
}

/** Bytes that the service has. :throws ApiError with status 404 when it waits for nothing any more. */
export async function arrived(uri: string, signal: AbortSignal): Promise<number> {
  return ask("HEAD", uri, { headers: HEADERS, signal });
}

/** Sends a piece that begins at `offset`; returns where the next one begins. :throws ApiError */
export async function send(uri: string, offset: number, piece: Blob, signal: AbortSignal): Promise<number> {
  const headers = {
    ...HEADERS,
    "Upload-Offset": String(offset),
    "Content-Type": "application/offset+octet-stream",
  };
  return ask("PATCH", uri, { headers, body: piece, signal });
}
