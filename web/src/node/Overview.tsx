import type { System } from "../api/types";
import { BootDevice } from "./BootDevice";
import { Identify } from "./Identify";
import { IpmiAddress } from "./IpmiAddress";
import { PowerSenses } from "./PowerSenses";
import { Properties } from "./Properties";
import { VirtualMediaCard } from "./VirtualMediaCard";

/** What the node is and what it is set to, a card a subject. */
export function Overview({ system }: { system: System }) {
  return (
    <div className="lo-overview">
      <Properties system={system} />
      <PowerSenses system={system} />
      {system.Boot !== undefined && <BootDevice system={system} />}
      {system.VirtualMedia && <VirtualMediaCard system={system} />}
      <IpmiAddress system={system} />
      <Identify system={system} />
    </div>
  );
}
