import type { System } from "../api/types";
import { InventoryCard } from "./InventoryCard";
import { SelCard } from "./SelCard";
import { SensorsCard } from "./SensorsCard";
import { StateCard } from "./StateCard";
import "./health.css";

/** How the node is, what it measures, what it has recorded and what it consists of. */
export default function HealthPanel({ system }: { system: System }) {
  return (
    <div className="lo-health">
      <StateCard system={system} />
      <InventoryCard system={system} />
      <SensorsCard system={system} />
      <SelCard system={system} />
    </div>
  );
}
