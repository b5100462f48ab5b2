/** What is said of a console that shows nothing. */
import type { System } from "../api/types";
import { t } from "../words/i18n";
import type { LinkState } from "./link";
import { reasonWords } from "./reasons";

export interface ConsoleWords {
  title: string;
  /** Why, and what becomes of it; "" where there is no more to say. */
  text: string;
}

const sentences = (...all: string[]) => all.filter((each) => each !== "").join(" ");

export function consoleWords(
  { Name, PowerState }: Pick<System, "Name" | "PowerState">,
  state: LinkState,
): ConsoleWords {
  switch (state.phase) {
    case "off":
      return PowerState === "Off"
        ? {
            title: t("{{node}} is off", { node: Name }),
            text: t("The console comes back by itself when the node is powered on."),
          }
        : { title: t("No signal"), text: sentences(reasonWords(state.reason), t("It is tried again by itself.")) };
    case "refused":
      return { title: t("This console cannot be opened"), text: reasonWords(state.reason) };
    case "lost":
      return { title: t("Connection lost. Reconnecting…"), text: reasonWords(state.reason) };
    default:
      return { title: t("Connecting…"), text: "" };
  }
}

/** Why nothing can be typed at a console now; "" while it can. */
export function whyMute(state: LinkState, types: boolean): string {
  if (state.phase !== "open") return t("The console is not connected.");
  return types ? "" : t("You do not have the keyboard of this console.");
}
