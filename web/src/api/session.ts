/** Who is signed in. Null means nobody. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, post, remove } from "./http";
import type { Session } from "./types";

export const SESSION = ["session"] as const;

async function currentSession(): Promise<Session | null> {
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

/** Ends the session and leaves nothing of it in the page's memory. */
export function useSignOut() {
  return useMutation({
    mutationFn: () => remove("/session"),
    onSettled: () => window.location.assign("/sign-in"),
  });
}
