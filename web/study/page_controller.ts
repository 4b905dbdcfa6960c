// The study page: which card is asked, what keys and buttons do, and the messages.

import { GRADE_NAMES, GRADES, type Grade, type Review } from "../progress/entries";
import { type Filter } from "../progress/queue";
import { count, span } from "../ui/words";
import { BackupPanel } from "./backup_panel";
import { LoadError } from "./book_index";
import { CardControls } from "./card_controls";
import { isLoaded, type StudyCard, type StudyCards } from "./cards";
import { Charts } from "./charts";
import { listen } from "./keys";
import { PageView, type Action } from "./page_view";
import { Selection } from "./selection";
import { type Session } from "./session";
import { SettingsDialog } from "./settings_dialog";
import { countBeyondLimit, describeCounts, describeNext, describeSession } from "./summary";

/** An action on a card that can be undone. */
interface Step {
  readonly card: StudyCard;
  readonly text: string;
  /** Whether the answer was shown; undoing shows it again. */
  readonly revealed: boolean;
  readonly undo: () => void;
}

const TICK = 15_000;
const LIST_STEP = 50;
const MORE_NEW = 10;

export class StudyPage {
  readonly #view: PageView;
  readonly #selection: Selection;
  readonly #charts: Charts;
  readonly #settings: SettingsDialog;
  readonly #backup: BackupPanel;
  readonly #controls = new Map<StudyCard, CardControls>();
  readonly #steps: Step[] = [];
  #current: StudyCard | undefined;
  #listed = LIST_STEP;
  #pinned: readonly StudyCard[] = [];
  #loading = false;
  // Why cards could not be loaded.
  #problem = "";

  /** Turns the list of cards in the page into a place to study, until the signal ends. */
  constructor(
    mount: HTMLElement,
    readonly cards: StudyCards,
    readonly session: Session,
    signal: AbortSignal,
  ) {
    const { store } = session;
    this.#selection = new Selection(cards, session, {
      changed: () => void this.#restart(),
      settings: () => this.#settings.open(),
      help: () => this.#view.toggleHelp(),
    });
    this.#settings = new SettingsDialog(session, (id) => cards.all.find((card) => card.id === id)?.title ?? "");
    this.#charts = new Charts(store.log);
    this.#backup = new BackupPanel(session);
    const below = [this.#charts.element, this.#backup.element];
    this.#view = new PageView(mount, cards.list, this.#selection.toolbar.element, this.#settings.element, below);
    session.watch(() => this.render());
    const timer = setInterval(() => this.render(), TICK);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#listen(signal);
    this.render();
  }

  /** Brings the page up to date with progress, choice and time. */
  render(): void {
    const now = new Date();
    const { found, asList } = this.#selection;
    const waiting = this.#selection.waiting(now);
    if (!this.#current || !this.#holds(this.#current, waiting)) this.#current = waiting[0];
    // What is answered in a list stays there, with its way back.
    const listed = (): StudyCard[] => [...new Set([...this.#pinned, ...waiting])];
    const chosen = asList ? listed() : this.#current ? [this.#current] : [];
    const wanted = chosen.slice(0, asList ? this.#listed : 1);
    this.#pinned = asList ? wanted : [];
    const missing = wanted.filter((card) => !isLoaded(card));
    if (missing.length && !this.#problem) void this.#load(missing);
    const shown = wanted.filter(isLoaded);
    this.#view.showCards(shown.map((card) => this.cards.elementsOf(card)));
    for (const card of shown) this.#controlsOf(card).render();
    const more: Action = [`Show ${LIST_STEP} more`, () => this.#showMore()];
    this.#view.showMore(asList && chosen.length > wanted.length ? more : undefined);
    this.#view.showCounts(describeCounts(found, waiting.length, this.session.moment(now)));
    this.#renderNote();
    this.#renderDone(now, wanted.length === 0);
    this.#settings.render(now);
    this.#charts.render(now);
    // The next one, so that it is there when this one is graded.
    if (!missing.length && !this.#problem) void this.#load(waiting.slice(0, 2));
  }

  /** Asks the next card and puts the focus on its question. */
  async #proceed(): Promise<void> {
    this.#current = undefined;
    this.render();
    const card = this.#current as StudyCard | undefined;
    if (this.#selection.asList) return;
    if (card && !isLoaded(card)) await this.#load([card]);
    if (card !== this.#current || (card && !isLoaded(card))) return;
    if (card) this.#controlsOf(card).ask();
    this.#view.focus(card && this.cards.elementsOf(card));
  }

  // Asks what is chosen now.
  async #restart(): Promise<void> {
    this.#problem = "";
    // A search looks through all cards; without a search they need not be loaded.
    if (this.#selection.choice.search.trim()) await this.#load(this.cards.all);
    this.#current = undefined;
    this.#pinned = [];
    this.#listed = LIST_STEP;
    for (const controls of this.#controls.values()) controls.ask();
    this.render();
  }

  // A card stays while it is asked, whatever else becomes due, unless another tab has answered it.
  #holds(card: StudyCard, waiting: readonly StudyCard[]): boolean {
    return waiting.includes(card) || (this.#controls.get(card)?.revealed ?? false);
  }

  // Loading and what is loaded

  async #load(cards: readonly StudyCard[]): Promise<void> {
    if (cards.every(isLoaded)) return;
    this.#loading = true;
    try {
      await this.cards.load(cards);
      this.#problem = "";
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      this.#problem = error.message;
    }
    this.#loading = false;
    this.render();
  }

  #controlsOf(card: StudyCard): CardControls {
    const known = this.#controls.get(card);
    if (known) return known;
    const controls = new CardControls(this.cards.elementsOf(card).card, this.session, {
      graded: (review) => this.#graded(card, review),
      skipped: () => this.#skip(card),
      suspended: () => this.#suspend(card),
    });
    this.#controls.set(card, controls);
    return controls;
  }

  // What the reader does to a card

  #graded(card: StudyCard, review: Review): void {
    if (this.#selection.asList) return;
    const now = new Date();
    const due = this.session.store.log.stateOf(card.id)?.due ?? now;
    const next = `next in ${span(due, now)}`;
    const text = `${GRADE_NAMES[review.grade]}: ${card.title}, ${next}.`;
    this.#done({ card, text, revealed: true, undo: () => this.session.undo(review) });
    const left = this.#selection.waiting(now).length;
    this.session.announce(`Next in ${span(due, now)}. ${count(left, "card")} left.`);
  }

  #skip(card: StudyCard): void {
    this.session.skipped.add(card.id);
    this.#unpin(card);
    const text = `Skipped for this session: ${card.title}.`;
    this.#done({ card, text, revealed: false, undo: () => this.session.skipped.delete(card.id) });
    this.session.announce("Skipped for this session.");
  }

  #suspend(card: StudyCard): void {
    this.#unpin(card);
    this.session.suspend(card.id, true);
    this.#done({
      card,
      text: `Suspended: ${card.title}. Settings lists the cards that are never asked.`,
      revealed: false,
      undo: () => this.session.suspend(card.id, false),
    });
    this.session.announce("Suspended.");
  }

  #done(step: Step): void {
    this.#steps.push(step);
    this.#view.showLast(step.text, () => this.#undo());
    void this.#proceed();
  }

  #unpin(card: StudyCard): void {
    this.#pinned = this.#pinned.filter((one) => one !== card);
  }

  #undo(): boolean {
    const step = this.#steps.pop() ?? this.#stepBefore();
    if (!step) return false;
    step.undo();
    this.#view.showLast("", () => undefined);
    if (!this.#selection.asList) this.#current = step.card;
    const controls = this.#controlsOf(step.card);
    controls.ask();
    // Shown first, because hidden elements cannot have the focus.
    this.render();
    if (step.revealed) controls.reveal();
    else this.#view.focus(step.card.elements);
    this.session.announce(step.revealed ? "Undone. Grade your recall again." : "Undone.");
    return true;
  }

  // What was graded in this session on another page.
  #stepBefore(): Step | undefined {
    const review = this.session.reviews.at(-1);
    const card = this.cards.all.find(({ id }) => id === review?.card);
    if (!review || !card || !isLoaded(card)) return undefined;
    return { card, text: "", revealed: true, undo: () => this.session.undo(review) };
  }

  #listen(signal: AbortSignal): void {
    const asked = (): StudyCard | undefined =>
      document.querySelector("dialog[open]") || this.#selection.asList ? undefined : this.#current;
    const onCard = (press: (controls: CardControls, card: StudyCard) => boolean) => (): boolean => {
      const card = asked();
      return card !== undefined && isLoaded(card) && press(this.#controlsOf(card), card);
    };
    const grade = (grade: Grade): (() => boolean) =>
      onCard((controls) => {
        if (controls.revealed) controls.grade(grade);
        return controls.revealed;
      });
    const goOn = onCard((controls) => {
      if (controls.revealed) controls.grade(3);
      else controls.reveal();
      return true;
    });
    const skip = onCard((_, card) => {
      this.#skip(card);
      return true;
    });
    const grades = Object.fromEntries(GRADES.map((one) => [String(one), grade(one)]));
    const help = (): boolean => {
      if (this.#view.helpIsOpen || !document.querySelector("dialog[open]")) this.#view.toggleHelp();
      return true;
    };
    const undo = (): boolean => !document.querySelector("dialog[open]") && this.#undo();
    listen({ ...grades, " ": goOn, Enter: goOn, n: skip, u: undo, "?": help }, signal);
  }

  #showMore(): void {
    this.#listed += LIST_STEP;
    this.render();
  }

  // Messages

  #renderNote(): void {
    if (this.#problem) this.#view.showNote(this.#problem, ["Try again", () => this.#tryAgain()]);
    else if (this.#selection.problem) this.#view.showNote(this.#selection.problem);
    else if (this.#loading && !this.#current?.elements) this.#view.showNote("Loading…");
    else this.#view.showNote("");
    const news = this.session.store.log.isEmpty;
    const text = "Have you studied on another device? Export your progress on its study page, then import the file here.";
    if (news) this.#view.showWelcome(text, ["Import progress", () => this.#backup.choose()]);
    else this.#view.showWelcome("");
  }

  #tryAgain(): void {
    this.#problem = "";
    this.render();
  }

  #renderDone(now: Date, empty: boolean): void {
    if (!empty) {
      this.#view.showDone([], []);
      return;
    }
    const moment = this.session.moment(now);
    const { found } = this.#selection;
    const { filter } = this.#selection.choice;
    const skipped = this.#selection.queue(now).length;
    const limited = filter === "due and new" || filter === "new";
    const beyond = limited ? countBeyondLimit(found, moment) : 0;
    const { newPerDay } = this.session.store.settings;
    const limit = `Today's ${count(newPerDay, "new card")} are done; ${beyond} more are new. Settings has the limit.`;
    const texts = [describeSession(this.session.reviews), beyond ? limit : "", describeNext(found, moment)];
    const actions: Action[] = [];
    if (skipped) actions.push([`Ask the ${count(skipped, "card")} skipped`, () => this.#askSkipped()]);
    if (beyond) actions.push([`Ask ${count(Math.min(MORE_NEW, beyond), "more new card")}`, () => this.#askMoreNew()]);
    if (found.length && filter !== "all") actions.push(["Study ahead", () => this.#study("all")]);
    this.#view.showDone(found.length ? texts.filter(Boolean) : ["No card has these words."], actions);
  }

  #askSkipped(): void {
    this.session.skipped.clear();
    void this.#proceed();
  }

  #askMoreNew(): void {
    this.session.extraNew += MORE_NEW;
    void this.#proceed();
  }

  #study(filter: Filter): void {
    this.#selection.filter(filter);
    void this.#proceed();
  }
}
