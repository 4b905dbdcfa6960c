// Studying: cards answered in place in the chapters, and the study page.

import "./study.css";
import { Answering } from "./answering";
import { type Desk } from "./desk";
import { StudyPage } from "./study_page";

/** Begins the page that is shown now. */
export function start(desk: Desk): void {
  const signal = desk.turnPage();
  const mount = document.querySelector<HTMLElement>("[data-study]");
  desk.showTrouble(mount !== null);
  if (mount) {
    new StudyPage(mount, desk, signal);
    return;
  }
  const cards = [...document.querySelectorAll<HTMLElement>(".card[data-card]")];
  const answerings = cards.filter((card) => !card.classList.contains("studied")).map((card) => new Answering(card, desk));
  desk.watch(() => answerings.forEach((answering) => answering.render()));
}
