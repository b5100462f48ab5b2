/** The SSH keys of whoever is signed in. */
import { useQuery } from "@tanstack/react-query";
import { ADMINISTRATION } from "./administrationKey";
import { members } from "./http";
import { memberPath, PATHS } from "./paths";
import type { Key } from "./redfish";
import { useSession } from "./session";

export function useOwnKeys() {
  const account = useSession().data?.account ?? "";
  return useQuery({
    queryKey: [...ADMINISTRATION, "keys", account],
    queryFn: () => members<Key>(`${memberPath(PATHS.accounts, account)}/Keys`),
    enabled: account !== "",
  });
}
