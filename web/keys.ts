// Keys of the study page. A key that means something where the focus is, or comes with a modifier, is left alone.

const TYPING = "input, select, textarea, [contenteditable]";
const PRESSED = "button, summary, a[href], [role=button]";

/** Calls the press of each key, by `KeyboardEvent.key`, until the signal ends. */
export function listen(presses: Readonly<Record<string, () => boolean>>, signal: AbortSignal): void {
  const heard = (event: KeyboardEvent): void => {
    if (isTaken(event)) return;
    const press = Object.hasOwn(presses, event.key) ? presses[event.key] : undefined;
    if (!press) return;
    // Material would turn the page at n and p, also while the key is held.
    event.stopPropagation();
    if (!event.repeat && press()) event.preventDefault();
  };
  document.addEventListener("keydown", heard, { signal });
}

function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  const at = event.target instanceof Element ? event.target : document.body;
  if (at.closest(TYPING)) return true;
  return event.key === " " && at.closest(PRESSED) !== null;
}
