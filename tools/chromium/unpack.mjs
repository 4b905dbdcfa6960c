// Unpacks Chromium and the libraries and fonts that it needs: the package ships them compressed.

import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const UNPACKED = join(PACKAGES, ".unpacked");

await rm(UNPACKED, { recursive: true, force: true });
await mkdir(UNPACKED);
process.env.TMPDIR = UNPACKED; // where the package writes to
for (const name of ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"]) {
  await inflate(join(PACKAGES, "@sparticuz", "chromium", "bin", name));
}
