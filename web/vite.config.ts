import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./tools/licences.ts";
import { precompress } from "./tools/precompress.ts";

/** Where `npm run dev` sends what is not the page's own: a running service. */
const service = process.env.LIGHTSOUT_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), licences(), precompress()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // What the fleet needs comes as one file: a hundred small ones are compressed badly.
      output: { codeSplitting: { groups: [{ name: "fleet", test: /\/src\/(main|App)\.tsx$/ }] } },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: {
      "/redfish": service,
      "/session": service,
      "/console": { target: service, ws: true },
    },
  },
});
