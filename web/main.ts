// Started on every page: when it is loaded, and again when Material's instant navigation has replaced its content.

import { start as startAge } from "./age";
import { Desk } from "./desk";
import { start as startGlossary } from "./glossary";
import { start as startOffline } from "./offline";
import { start as startReading } from "./reading";
import { start as startReport } from "./report";
import { Store } from "./store";
import { start as startStudy } from "./study";

interface Pages {
  subscribe(told: () => void): void;
}

declare global {
  // Material's observable of pages: it tells of the first one too.
  var document$: Pages | undefined;
}

const desk = new Desk(new Store(() => localStorage));

function start(): void {
  startReading();
  startAge();
  startStudy(desk);
  startReport();
  startGlossary();
  startOffline();
}

if (globalThis.document$) globalThis.document$.subscribe(start);
else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
