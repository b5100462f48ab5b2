/** Emits licences.txt: the licence of every npm package whose code or fonts stand in the built assets. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const LICENCE_FILE = /^(licen[cs]e|copying|notice|authors)/i;
const SOURCE_URL = /^(git\+)?(https:.*?)(\.git)?$/;

interface Manifest {
  name: string;
  version: string;
  license?: string;
  repository?: string | { url?: string };
}

/** The folder of the npm package that a module came from; undefined for our own modules. */
function packageFolder(module: string): string | undefined {
  const path = module.replace(/^\0/, "").replace(/\?.*$/, "");
  if (!path.includes("/node_modules/")) return undefined;
  for (let folder = dirname(path); !folder.endsWith("/node_modules"); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && readFileSync(manifest, "utf8").includes('"version"')) return folder;
  }
  return undefined;
}

/** Licence texts of a package: at its root, in docs/, and of what it vendors. */
function licenceTexts(folder: string): string[] {
  const places = [folder, join(folder, "docs"), join(folder, "vendor")].filter((place) => existsSync(place));
  const vendored = places.slice(1).flatMap((place) =>
    readdirSync(place, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(place, entry.name)),
  );
  return [...places, ...vendored].flatMap((place) =>
    readdirSync(place, { withFileTypes: true })
      .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
      .map(
        (entry) =>
          `--- ${join(place, entry.name).slice(folder.length + 1)}\n\n${readFileSync(join(place, entry.name), "utf8").trim()}`,
      ),
  );
}

function describe(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const address = typeof manifest.repository === "string" ? manifest.repository : manifest.repository?.url;
  const source = address === undefined ? undefined : SOURCE_URL.exec(address)?.[2];
  const heading = `${manifest.name} ${manifest.version} (${manifest.license ?? "licence not stated"})`;
  return [
    heading,
    "=".repeat(heading.length),
    ...(source === undefined ? [] : [`Source: ${source}`]),
    ...licenceTexts(folder),
  ].join("\n\n");
}

export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const folders = new Set<string>();
      for (const module of this.getModuleIds()) {
        const folder = packageFolder(module);
        if (folder !== undefined) folders.add(folder);
      }
      const preface =
        "Lightsout's web console contains these packages, minified and otherwise unchanged. Their source can be had under the addresses given.\n" +
        "The Red Hat fonts that PatternFly brings are under the SIL Open Font License 1.1, whose text noVNC's entry holds.";
      const source = [preface, ...[...folders].sort().map(describe)].join("\n\n\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source: `${source}\n` });
    },
  };
}
