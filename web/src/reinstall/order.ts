/** What the operator has filled in, as a request. The service checks it; only the split into lines is ours. */
import type { ReinstallRequest } from "../api/systems";

export interface Draft {
  image: string;
  hostname: string;
  keys: string;
  password: string;
}

/** One key a line; what begins with # is a remark. */
export function keyLines(keys: string): string[] {
  const lines = keys.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

export function toRequest({ image, hostname, keys, password }: Draft): ReinstallRequest {
  return {
    Image: image,
    Hostname: hostname.trim(),
    SSHKeys: keyLines(keys),
    ...(password === "" ? {} : { Password: password }),
  };
}
