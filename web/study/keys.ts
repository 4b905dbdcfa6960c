// Keys of the study page. A key that means something where the focus is, or comes with a modifier, is left alone.

const TYPING = "input, select, textarea, [contenteditable]";
const PRESSED = "button, summary, a[href], [role=button]";
/** What the theme binds to the previous and the next page: while studying, a slip must not end the session. */
const THEME = ["n", "p", ".", ","];

/**
 * Calls the press of each key, by `KeyboardEvent.key`, until the signal ends. None of these keys, and none of the
 * theme's for turning the page, reaches the theme, which listens on the window.
 */
export function listen(presses: Readonly<Record<string, () => boolean>>, signal: AbortSignal): void {
  const heard = (event: KeyboardEvent): void => {
    if (!isFree(event)) return;
    const press = Object.hasOwn(presses, event.key) ? presses[event.key] : undefined;
    if (press || THEME.includes(event.key)) event.stopPropagation();
    if (!press || (isPressed(event) && [" ", "Enter"].includes(event.key))) return;
    // A held key counts once, and scrolls nothing.
    if (event.repeat || press()) event.preventDefault();
  };
  document.addEventListener("keydown", heard, { signal });
}

function isFree(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return false;
  return !targetOf(event).closest(TYPING);
}

function isPressed(event: KeyboardEvent): boolean {
  return targetOf(event).closest(PRESSED) !== null;
}

function targetOf(event: KeyboardEvent): Element {
  return event.target instanceof Element ? event.target : document.body;
}
