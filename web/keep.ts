// Keeping progress beyond this browser: export to a file, import from one.

import { type Desk } from "./desk";
import { make, makeButton } from "./dom";
import { BadFile, LARGEST, readProgress } from "./file";
import { count } from "./words";

export class Keep {
  readonly element = make("section", { class: "study-keep", "aria-labelledby": "study-keep" });
  readonly #message = make("p", { class: "study-message", role: "status" });

  constructor(readonly desk: Desk) {
    const input = make("input", { type: "file", accept: ".json,application/json", hidden: true });
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      // Else the same file, mended, could not be chosen again.
      if (file) void this.#import(file).finally(() => (input.value = ""));
    });
    const buttons = make(
      "div",
      { class: "study-buttons" },
      makeButton("Export progress", () => this.#export()),
      makeButton("Import progress", () => input.click()),
    );
    this.element.append(
      make("h2", { id: "study-keep" }, "Keep your progress"),
      make(
        "p",
        {},
        "Progress stays in this browser and goes nowhere else. Export it to have a copy, or to go on elsewhere: " +
          "an import adds what is missing and takes nothing away.",
      ),
      buttons,
      input,
      this.#message,
    );
  }

  #export(): void {
    this.desk.exportProgress();
    this.#tell(`Exported ${count(this.desk.store.log.entries.length, "entry")}.`, false);
  }

  async #import(file: File): Promise<void> {
    try {
      // Characters are never more than bytes: a file that is too large is not read at all.
      if (file.size > 4 * LARGEST) throw new BadFile("the file is too large: choose a file exported here");
      const progress = readProgress(await file.text());
      const news = this.desk.store.merge(progress);
      this.desk.refresh();
      this.#tell(`Imported ${news} of ${progress.entries.length} entries; the others were here already.`, false);
    } catch (error) {
      if (!(error instanceof BadFile || error instanceof DOMException)) throw error;
      this.#tell(`Nothing was imported from ${file.name}:\n${error.message}`, true);
    }
  }

  #tell(text: string, bad: boolean): void {
    this.#message.classList.toggle("bad", bad);
    this.#message.textContent = text;
  }
}
