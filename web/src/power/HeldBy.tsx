import { Content } from "@patternfly/react-core";
import type { System } from "../api/types";
import { heldWords } from "./words";

/** In a dialog that asks before something may be lost: who has reserved the node, and why. */
export function HeldBy({ system }: { system: System }) {
  const words = heldWords(system);
  return words !== "" && <Content component="p">{words}</Content>;
}
