/** What the operator has filled in, as a request. The service checks it; only the split into lines is ours. */
import type { ReinstallRequest } from "../api/systems";

export interface Draft {
  image: string;
  hostname: string;
  keys: string;
  password: string;
}

export function toRequest({ image, hostname, keys, password }: Draft): ReinstallRequest {
  const lines = keys.split(/\r?\n/).map((line) => line.trim());
  return {
    Image: image,
    Hostname: hostname.trim(),
    SSHKeys: lines.filter((line) => line !== "" && !line.startsWith("#")),
    ...(password === "" ? {} : { Password: password }),
  };
}
