// Reading a chapter: copying code exactly as it ran, choosing what is shown, enlarging figures.

import { make, makeButton } from "./ui/dom";

const VIEW = "book-view";
const WRAP = "book-wrap";
const VIEWS = ["all", "results", "code"] as const;
type View = (typeof VIEWS)[number];

export function start(): void {
  for (const block of document.querySelectorAll<HTMLElement>(".highlight[data-cell]")) offerCell(block);
  for (const block of document.querySelectorAll<HTMLElement>(".command")) offerCommand(block);
  for (const example of document.querySelectorAll<HTMLElement>("[data-example]")) offerExample(example);
  offerChapter();
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a.enlarge")) link.addEventListener("click", enlarge);
  showView(readView());
  showWrap(read(WRAP) === "on");
  openMatches();
  revealTarget();
  addEventListener("hashchange", revealTarget);
  watchScrollable();
  addEventListener("beforeprint", loadFigures);
}

function offerCell(block: HTMLElement): void {
  const code = block.querySelector("pre > code");
  const link = block.querySelector("a.number");
  if (!code || !link || block.querySelector("button")) return;
  const number = link.textContent ?? "";
  link.setAttribute("aria-label", `Cell ${number}`);
  const wrap = make("button", { type: "button", class: "small wrap", "aria-label": `Wrap long lines, cell ${number}` }, "Wrap");
  wrap.addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("wrap");
    remember(WRAP, on ? "on" : "off");
    showWrap(on);
  });
  const copy = makeCopyButton("Copy", `Copy cell ${number}`, async () => code.textContent ?? "");
  copy.classList.add("copy", "small");
  link.after(make("div", { class: "cell-bar" }, wrap, copy));
}

function offerCommand(block: HTMLElement): void {
  const code = block.querySelector("code");
  if (!code || block.querySelector("button")) return;
  const what = block.dataset.install === undefined ? "Copy the line that runs it" : "Copy the line that installs it";
  const button = makeCopyButton("Copy", what, async () => code.textContent ?? "");
  button.classList.add("copy", "small");
  block.append(button);
  // A line breaks between packages only.
  const parts = block.dataset.install === undefined ? null : code.textContent?.match(/\S+|\s+/g);
  if (parts) code.replaceChildren(...parts.map((part) => (part.trim() ? make("span", {}, part) : part)));
}

function offerExample(example: HTMLElement): void {
  const run = example.querySelector(".run");
  const files = example.querySelector(".files p");
  const script = files?.querySelector<HTMLAnchorElement>("a[href$='.py']");
  if (!run || !files || !script || files.querySelector("button")) return;
  const button = makeCopyButton("Copy all", "Copy all of the example", () => fetchText(script.href));
  files.prepend(button);
  run.prepend(makeViews());
  // The page was built without knowing where it would be published.
  const line = run.querySelector(".run-line code");
  if (line && location.protocol.startsWith("http") && !line.textContent?.includes("://")) {
    line.textContent = `uv run ${script.href}`;
  }
}

function offerChapter(): void {
  const link = document.querySelector<HTMLAnchorElement>(".as-text a");
  if (!link || link.nextElementSibling) return;
  const button = makeCopyButton("Copy", "Copy this chapter as Markdown", () => fetchText(link.href));
  button.classList.add("small");
  link.after(" ", button);
}

async function fetchText(address: string): Promise<string> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}

function makeViews(): HTMLElement {
  const group = make("div", { class: "views", role: "group", "aria-label": "What is shown of the examples" });
  for (const view of VIEWS) {
    const button = make("button", { type: "button", "data-view": view }, view[0]!.toUpperCase() + view.slice(1));
    button.addEventListener("click", () => {
      const before = button.getBoundingClientRect().top;
      remember(VIEW, view);
      showView(view);
      // The pressed button keeps its position when content above it appears or disappears.
      scrollBy({ top: button.getBoundingClientRect().top - before, behavior: "instant" });
    });
    group.append(button);
  }
  return group;
}

function showView(view: View): void {
  document.documentElement.dataset.view = view;
  for (const button of document.querySelectorAll<HTMLElement>(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  for (const fold of document.querySelectorAll<HTMLDetailsElement>("details.fold")) fold.open = view === "code";
}

function showWrap(on: boolean): void {
  document.documentElement.classList.toggle("wrap", on);
  for (const button of document.querySelectorAll(".wrap[type]")) button.setAttribute("aria-pressed", String(on));
}

function readView(): View {
  const kept = read(VIEW);
  return VIEWS.find((view) => view === kept) ?? "all";
}

// If storage is forbidden or full, the choice lasts until the page is left.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

function targetOfAddress(): HTMLElement | null {
  try {
    return document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch (error) {
    // The fragment "#%" cannot be decoded.
    if (error instanceof URIError) return null;
    throw error;
  }
}

// The target of an address must be visible: if the chosen view hides it, the view changes for this visit.
function revealTarget(): void {
  const target = targetOfAddress();
  if (!target) return;
  const fold = target.querySelector<HTMLDetailsElement>("details.fold");
  if (fold && target.matches(".highlight")) fold.open = true;
  if (target.matches(".example *") && target.getClientRects().length === 0) {
    showView("all");
    target.scrollIntoView();
  }
}

// After a search, the found words are visible, even in a hidden answer.
function openMatches(): void {
  const words = new URLSearchParams(location.search).get("h")?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const heading = words.length ? targetOfAddress() : null;
  for (let next = heading?.nextElementSibling; next && !next.matches("h1, h2, .example"); next = next.nextElementSibling) {
    for (const details of next.querySelectorAll<HTMLDetailsElement>("details:not([open])")) {
      const text = details.textContent?.toLowerCase() ?? "";
      if (words.some((word) => text.includes(word))) details.open = true;
    }
  }
}

function enlarge(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  const shown = link.querySelector("img");
  if (!shown || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  // The file has two pixels for each of the page's: at twice the width its smallest letters are as large as can be.
  const image = make("img", { src: link.href, alt: shown.alt, width: 2 * shown.width < 900 ? 2 * shown.width : 1.5 * shown.width });
  const close = make("button", { type: "button", class: "small" }, "Close");
  const dialog = make("dialog", { class: "enlarged", "aria-label": "Figure, enlarged" }, close, image);
  const holder = make("div", { class: "md-typeset" }, dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (press) => press.target === dialog && dialog.close());
  dialog.addEventListener("close", () => holder.remove());
  document.body.append(holder);
  dialog.showModal();
}

// Wide content must be scrollable by keyboard; other content should not be a tab stop.
function watchScrollable(): void {
  const watcher = new ResizeObserver((entries) => entries.forEach(({ target }) => markScrollable(target as HTMLElement)));
  // Material wraps wide tables shortly after the page is loaded.
  setTimeout(() => {
    const places = ".md-content :is(.output, pre > code, .formula-display, .jp-OutputArea-output pre, .md-typeset__scrollwrap)";
    for (const place of document.querySelectorAll<HTMLElement>(places)) {
      if (!place.matches(".output .md-typeset__scrollwrap")) watcher.observe(place);
    }
  });
}

function markScrollable(place: HTMLElement): void {
  const scrolls = place.scrollWidth > place.clientWidth + 1;
  place.classList.toggle("scrolls", scrolls);
  if (!scrolls) {
    for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    return;
  }
  place.tabIndex = 0;
  const cell = place.closest<HTMLElement>("[data-cell]")?.dataset.cell;
  const number = (place.dataset.output ?? cell ?? "").replace(/^.*-/, "");
  if (!number) return;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", `${cell ? "Code" : "Output"} of cell ${number}`);
}

// Lazy figures may not be loaded yet, and those of the other colour scheme never are.
function loadFigures(): void {
  for (const image of document.querySelectorAll<HTMLImageElement>("img[loading=lazy]")) image.loading = "eager";
}

function makeCopyButton(label: string, description: string, read: () => Promise<string>): HTMLButtonElement {
  const press = (): void =>
    void copy(read()).then(
      () => announce(button, label, "Copied"),
      () => announce(button, label, "Could not copy"),
    );
  const button = makeButton(label, press, { class: false, "aria-label": description });
  return button;
}

// The clipboard may be written only while the press still counts as one, so it gets the promise, not the text.
function copy(text: Promise<string>): Promise<void> {
  const blob = text.then((value) => new Blob([value], { type: "text/plain" }));
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

function announce(button: HTMLButtonElement, label: string, result: string): void {
  button.textContent = result;
  status().textContent = result;
  setTimeout(() => {
    button.textContent = label;
    status().textContent = "";
  }, 2000);
}

function status(): HTMLElement {
  const id = "reading-status";
  const found = document.getElementById(id);
  if (found) return found;
  const made = document.createElement("div");
  made.id = id;
  made.className = "unseen";
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}
