// Studying: cards answered in place in the chapters, the study page, and what of progress other pages show.

import "./study.css";
import { loadIndex, LoadError, type Index } from "./book_index";
import { CardControls } from "./card_controls";
import { ChapterRound } from "./chapter_round";
import { StudyCards } from "./cards";
import { Overview } from "./overview";
import { StudyPage } from "./page_controller";
import { type Session } from "./session";

/** Begins the page that is shown now. */
export function start(session: Session): void {
  const signal = session.turnPage();
  const mount = document.querySelector<HTMLElement>("[data-study]");
  session.showTrouble(mount !== null);
  const home = studyAddress();
  const index = once(() => loadIndex(new URL("cards.json", home)));
  const cards = [...document.querySelectorAll<HTMLElement>(".card[data-card]")];
  if (mount) void startStudyPage(mount, session, index, new URL(home), signal);
  else startChapter(cards.filter((card) => !card.classList.contains("studied")), session);
  new Overview(session, index, signal);
}

function startChapter(cards: readonly HTMLElement[], session: Session): void {
  const round = document.querySelector<HTMLElement>(".chapter-round");
  if (round && cards.length) new ChapterRound(round, cards, session);
  const controls = cards.map((card) => new CardControls(card, session));
  session.watch(() => controls.forEach((one) => one.render()));
}

async function startStudyPage(
  mount: HTMLElement,
  session: Session,
  loadIndex: () => Promise<Index>,
  home: URL,
  signal: AbortSignal,
): Promise<void> {
  const list = document.querySelector<HTMLElement>(".study-list")!;
  if (mount.dataset.cards === undefined) {
    new StudyPage(mount, StudyCards.inPage(list), session, signal);
    return;
  }
  try {
    const index = await loadIndex();
    if (!signal.aborted) new StudyPage(mount, StudyCards.toLoad(list, index, home), session, signal);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    // The links to the chapters remain.
    list.classList.add("ready");
    mount.textContent = error.message;
    mount.hidden = false;
  }
}

// The address of the study page: the header of every page links to it.
function studyAddress(): string {
  const link = document.querySelector<HTMLAnchorElement>("a.study-link");
  if (!link) return location.href;
  // Instant navigation keeps the header, in which a relative address would then be wrong.
  link.href = link.href;
  return link.href;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
