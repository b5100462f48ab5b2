/** Requests to the service: JSON both ways, errors in words for the person, a lost session told to whoever listens. */
import { hearServerTime } from "../words/clock";
import { t } from "../words/i18n";
import { sentence, told } from "../words/told";
import { attention } from "./attention";
import type { ActionTarget, Collection, ExtendedMessage, Link } from "./types";

interface Extended {
  "@Message.ExtendedInfo"?: ExtendedMessage[];
}

interface ErrorBody {
  error?: string | ({ message?: string } & Extended);
}

function wordsOf(body: Extended | undefined): string[] {
  const words = (body?.["@Message.ExtendedInfo"] ?? []).map((info) => told(info)).filter((text) => text !== "");
  return [...new Set(words)];
}

/** What the reply to a request that was carried out tells beside: what the person may not have meant. */
export const remarks = (body: object | undefined) => wordsOf(body);

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Whether what was asked for is not there, or not any more. */
export const isGone = (error: unknown) => error instanceof ApiError && error.status === 404;

/** Whether the request went out, and no answer has come back. */
export const isUnanswered = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 0;

/** What an error reply says to a person: Redfish ExtendedInfo, else its message, else the HTTP status. */
export function errorText(status: number, body: unknown): string {
  const error = typeof body === "object" && body !== null ? (body as ErrorBody).error : undefined;
  if (typeof error === "string") return sentence(error);
  const extended = wordsOf(error);
  if (extended.length > 0) return extended.join(" ");
  if (error?.message !== undefined && error.message !== "") return error.message;
  return status >= 500
    ? t("The service failed to answer (HTTP {{status}}).", { status })
    : t("The service refused the request (HTTP {{status}}).", { status });
}

const session = new EventTarget();

/** Calls back whenever any request finds that the session is gone; returns how to stop. */
export function onLostSession(callback: () => void): () => void {
  session.addEventListener("lost", callback);
  return () => session.removeEventListener("lost", callback);
}

export function reportLostSession(): void {
  session.dispatchEvent(new Event("lost"));
}

/** Calls back when who lost the session has signed in again; returns how to stop. */
export function onRegainedSession(callback: () => void): () => void {
  session.addEventListener("regained", callback);
  return () => session.removeEventListener("regained", callback);
}

export function reportRegainedSession(): void {
  session.dispatchEvent(new Event("regained"));
}

export interface Reply<T> {
  body: T;
  location: string | null;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Answer {
  headers: Headers;
  /** Whole. */
  text: string;
}

/**
 * Whatever the service answers.
 *
 * :throws ApiError with status 0 when it cannot be reached, else with the HTTP status; AbortError when told to stop.
 */
export async function reach(path: string, init: RequestInit): Promise<Answer> {
  let response: Response, text: string;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, t("The Lightsout service cannot be reached."));
  }
  hearServerTime(response.headers.get("Date"));
  if (response.ok) return { headers: response.headers, text };
  if (response.status === 401 && path !== "/session") reportLostSession();
  throw new ApiError(response.status, errorText(response.status, parsed(text)));
}

/** :throws ApiError as `reach`. */
export async function request<T>(method: string, path: string, payload?: unknown): Promise<Reply<T>> {
  const { headers, text } = await reach(path, {
    method,
    headers: {
      Accept: "application/json",
      ...attention(),
      ...(payload === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
  });
  return { body: parsed(text) as T, location: headers.get("Location") };
}

export async function get<T>(path: string): Promise<T> {
  return (await request<T>("GET", path)).body;
}

export async function post<T = undefined>(path: string, payload: unknown = {}): Promise<Reply<T>> {
  return request<T>("POST", path, payload);
}

/** Carries out an action that a resource offers. :throws Error where it does not, as things have changed meanwhile. */
export async function invoke<T = undefined>(action: ActionTarget | undefined, parameters: unknown = {}): Promise<T> {
  if (action === undefined) throw new Error(t("This is not offered any more."));
  return (await post<T>(action.target, parameters)).body;
}

export async function patch<T = undefined>(path: string, payload: unknown): Promise<T> {
  return (await request<T>("PATCH", path, payload)).body;
}

export async function remove(path: string): Promise<void> {
  await request("DELETE", path);
}

/** The members of a collection, or those that the $filter fits, whole; one that comes as a bare link is fetched. */
export async function members<T extends Link>(path: string, filter?: string): Promise<T[]> {
  const which = filter === undefined ? "" : `&$filter=${encodeURIComponent(filter)}`;
  const collection = await get<Collection<T>>(`${path}?$expand=.${which}`);
  return Promise.all(
    collection.Members.map(async (member) =>
      Object.keys(member).length > 1 ? (member as T) : get<T>(member["@odata.id"]),
    ),
  );
}

/** The last part of a resource's address: its Id. */
export function idOf(link: Link): string {
  return link["@odata.id"].replace(/\/+$/, "").split("/").at(-1) ?? "";
}
