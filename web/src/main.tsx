/** Starts the page. */
import "@patternfly/react-core/dist/styles/base.css";
import "./page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { payAttention } from "./api/attention";
import { followSystemTheme } from "./shell/theme";
import { startSpeaking } from "./words/i18n";

followSystemTheme();
payAttention();
await startSpeaking();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
