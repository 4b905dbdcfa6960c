// Loads the script and style of interactive outputs, once, on pages that have one. Other pages do not pay for them.

const SCRIPT = "interactive.js";

export function start(): void {
  const book = document.querySelector<HTMLScriptElement>("script[src*='assets/built/book.js']");
  if (!book || !document.querySelector("[data-interactive]") || document.querySelector(`script[src$='${SCRIPT}']`)) return;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL("interactive.css", book.src).href;
  const script = document.createElement("script");
  script.src = new URL(SCRIPT, book.src).href;
  document.head.append(style, script);
}
