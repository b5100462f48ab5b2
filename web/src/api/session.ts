/** Who is signed in. Null means nobody. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, post, remove } from "./http";
import type { Session } from "./types";

export const SESSION = ["session"] as const;

/** :throws ApiError when the service does not say. */
export async function currentSession(): Promise<Session | null> {
  try {
    return await get<Session>("/session");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export function useSession() {
  return useQuery({ queryKey: SESSION, queryFn: currentSession, staleTime: Infinity });
}

/** Whether the account may do more than look. The service decides; this only spares a person what would be refused. */
export function useMayOperate(): boolean {
  return useSession().data?.role !== "ReadOnly";
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (credentials: { user: string; password: string }) => {
      await post("/session", credentials);
      return get<Session>("/session");
    },
    onSuccess: (session) => client.setQueryData(SESSION, session),
  });
}

/** To all tabs of the browser: a person has signed out, and what they saw is to be seen no more. */
const SIGNED_OUT = "lightsout-signed-out";

/** Calls back when another tab has signed out; returns how to stop. */
export function onSignedOut(callback: () => void): () => void {
  const channel = new BroadcastChannel(SIGNED_OUT);
  channel.onmessage = callback;
  return () => channel.close();
}

/** To the sign-in page, with nothing of the session in the page's memory. */
export function leave(): void {
  new BroadcastChannel(SIGNED_OUT).postMessage(null);
  window.location.assign("/sign-in");
}

/** Ends the session, in every tab. */
export function useSignOut() {
  return useMutation({ mutationFn: () => remove("/session"), onSettled: leave });
}
