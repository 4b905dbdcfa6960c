// Backup of progress: export to a file, import from a file.

import { LARGEST, ProgressFileError, readProgress } from "../progress/file";
import { StorageFullError } from "../progress/store";
import { make, makeButton } from "../ui/dom";
import { count } from "../ui/words";
import { type Session } from "./session";

export class BackupPanel {
  readonly element = make("section", { class: "study-keep", "aria-labelledby": "study-keep" });
  readonly #input = make("input", { type: "file", accept: ".json,application/json", hidden: true });
  readonly #message = make("p", { class: "study-message", role: "status" });

  constructor(readonly session: Session) {
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files ?? [];
      // Otherwise the same file, corrected, could not be chosen again.
      if (file) void this.#import(file).finally(() => (this.#input.value = ""));
    });
    this.element.append(
      make("h2", { id: "study-keep" }, "Keep your progress"),
      make(
        "p",
        {},
        "Progress stays in this browser and goes nowhere else: another device starts with none. To go on there, export it " +
          "here, send the file to that device, and import it on its study page. An import adds what is missing and removes nothing.",
      ),
      make(
        "div",
        { class: "study-buttons" },
        makeButton("Export progress", () => this.#export()),
        makeButton("Import progress", () => this.choose()),
      ),
      this.#input,
      this.#message,
    );
  }

  /** Opens the dialog for a file to import. */
  choose(): void {
    this.#input.click();
  }

  #export(): void {
    this.session.exportProgress();
    this.#showMessage(`Exported ${count(this.session.store.log.entries.length, "entry")}.`, false);
  }

  async #import(file: File): Promise<void> {
    const { store } = this.session;
    try {
      // A character has at most 4 bytes, so a larger file need not be read.
      if (file.size > 4 * LARGEST) throw new ProgressFileError("the file is too large: choose a file exported here");
      const progress = readProgress(await file.text(), store.book);
      const news = store.merge(progress);
      this.session.changed();
      this.#showMessage(`Imported ${news} of ${progress.entries.length} entries; the others were here already.`, false);
    } catch (error) {
      const known = [ProgressFileError, StorageFullError, DOMException].some((kind) => error instanceof kind);
      if (!known) throw error;
      this.#showMessage(`Nothing was imported from ${file.name.slice(0, 100)}:\n${(error as Error).message}`, true);
    }
    this.#message.scrollIntoView({ block: "nearest" });
  }

  #showMessage(text: string, bad: boolean): void {
    this.#message.classList.toggle("bad", bad);
    this.#message.textContent = text;
  }
}
