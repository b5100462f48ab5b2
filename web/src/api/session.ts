/** Who is signed in. Null means nobody. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, post, remove } from "./http";
import { memberPath, PATHS } from "./paths";
import type { Role } from "./redfish";
import type { Session } from "./types";

export const SESSION = ["session"] as const;

async function signedIn(): Promise<Session> {
  const who = await get<Omit<Session, "privileges">>("/session");
  const { AssignedPrivileges } = await get<Role>(memberPath(PATHS.roles, who.role));
  return { ...who, privileges: AssignedPrivileges };
}

/** :throws ApiError when the service does not say. */
export async function currentSession(): Promise<Session | null> {
  try {
    return await signedIn();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who had a session and lost it is known all the same, and asked to sign in again where they are. */
export function useSession() {
  return useQuery({
    queryKey: SESSION,
    queryFn: async ({ client }) => (await currentSession()) ?? client.getQueryData<Session | null>(SESSION) ?? null,
    staleTime: Infinity,
  });
}

/** Whether the account may do more than look. The service decides; this only spares a person what would be refused. */
export function useMayOperate(): boolean {
  return useSession().data?.privileges.includes("ConfigureComponents") === true;
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (credentials: { user: string; password: string }) => {
      await post("/session", credentials);
      return signedIn();
    },
    onSuccess: (session) => client.setQueryData(SESSION, session),
  });
}

let channel: BroadcastChannel | undefined;

/** To all other tabs of the browser: a person has signed out, and what they saw is to be seen no more. */
const signedOut = () => (channel ??= new BroadcastChannel("lightsout-signed-out"));

/** Calls back when another tab has signed out; returns how to stop. */
export function onSignedOut(callback: () => void): () => void {
  signedOut().addEventListener("message", callback);
  return () => signedOut().removeEventListener("message", callback);
}

/** To the sign-in page, with nothing of the session in the page's memory. */
export function leave(): void {
  signedOut().postMessage(null);
  window.location.assign("/sign-in");
}

/** Ends the session, in every tab. */
export function useSignOut() {
  return useMutation({ mutationFn: () => remove("/session"), onSettled: leave });
}
