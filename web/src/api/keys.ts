/** The SSH keys of whoever is signed in. */
import { useQuery } from "@tanstack/react-query";
import { members } from "./http";
import { useSession } from "./session";
import type { Link } from "./types";

export interface AccountKey extends Link {
  Id: string;
  KeyString: string;
  UserDescription?: string;
  SSH?: { Fingerprint?: string; Comment?: string };
}

export function useOwnKeys() {
  const account = useSession().data?.account ?? "";
  return useQuery({
    queryKey: ["keys", account],
    queryFn: () => members<AccountKey>(`/redfish/v1/AccountService/Accounts/${encodeURIComponent(account)}/Keys`),
    enabled: account !== "",
  });
}
