// Writes cardbook/site/theme/assets/built/: our scripts and styles in one file each, a font, and the licences of what is in them.

import { build } from "esbuild";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OUT = join(ROOT, "cardbook/site/theme/assets/built");
const packageFile = (name) => join(ROOT, "node_modules", name);

async function bundle() {
  await copyFile(packageFile("ts-fsrs/LICENSE"), join(OUT, "ts-fsrs-licence.txt"));
  await build({
    absWorkingDir: ROOT,
    entryPoints: {
      book: "web/main.ts",
      interactive: "web/interactive/main.ts",
      search: "web/search_worker.ts",
      "service-worker": "web/service_worker.ts",
    },
    outdir: OUT,
    bundle: true,
    minify: true,
    // A classic script: browsers refuse modules on pages opened as files.
    format: "iife",
    target: ["es2022", "safari15.4"],
    legalComments: "none",
    banner: { js: "/* Contains ts-fsrs, MIT licence: ts-fsrs-licence.txt */" },
    logLevel: "warning",
  });
}

// The face of headings and questions; everything else is set in the reader's own fonts.
async function copyFont() {
  const from = packageFile("@fontsource/source-serif-4");
  await copyFile(join(from, "files/source-serif-4-latin-600-normal.woff2"), join(OUT, "source-serif.woff2"));
  await copyFile(join(from, "LICENSE"), join(OUT, "source-serif-licence.txt"));
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await copyFont();
// Last, because make takes it as the sign that the rest is there.
await bundle();
