// Started on every page: when it is loaded, and again when Material's instant navigation has replaced its content.

import { start as startAge } from "./age";
import { start as startGlossary } from "./glossary";
import { start as startInteractive } from "./interactive/load";
import { start as startOffline } from "./offline";
import { start as startReading } from "./reading";
import { start as startReport } from "./report";
import { Store } from "./progress/store";
import { Session } from "./study/session";
import { start as startStudy } from "./study/start";

interface Pages {
  subscribe(listener: () => void): void;
}

declare global {
  // Material's observable of pages, the first one included.
  var document$: Pages | undefined;
}

// The header of every page has it (cardbook/site/theme/main.html).
const book = document.querySelector<HTMLElement>("a.study-link")?.dataset.book ?? "";
const session = new Session(new Store(() => localStorage, book));

function start(): void {
  startReading();
  startAge();
  startStudy(session);
  startReport();
  startGlossary();
  startInteractive();
  startOffline();
}

if (globalThis.document$) globalThis.document$.subscribe(start);
else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
