/** The SSH keys of whoever is signed in. */
import { useQuery } from "@tanstack/react-query";
import { ADMINISTRATION } from "./administrationKey";
import { members } from "./http";
import type { Key } from "./redfish";
import { useSession } from "./session";

export function useOwnKeys() {
  const account = useSession().data?.account ?? "";
  return useQuery({
    queryKey: [...ADMINISTRATION, "keys", account],
    queryFn: () => members<Key>(`/redfish/v1/AccountService/Accounts/${encodeURIComponent(account)}/Keys`),
    enabled: account !== "",
  });
}
