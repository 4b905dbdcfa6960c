// What helps one read a chapter: taking code away exactly as it ran, and every answer open on paper.

export function start(): void {
  for (const block of document.querySelectorAll<HTMLElement>(".highlight[data-cell], [data-install]")) {
    offerCell(block);
  }
  for (const example of document.querySelectorAll<HTMLElement>("[data-example]")) offerExample(example);
  // Material wraps wide tables a moment after the page is there; who has no pointer must be able to scroll them.
  setTimeout(() => {
    for (const wrap of document.querySelectorAll<HTMLElement>(":not(.output) > .md-typeset__scrollwrap")) {
      wrap.tabIndex = 0;
    }
  });
}

function offerCell(block: HTMLElement): void {
  const code = block.querySelector("pre > code");
  if (!code || block.querySelector("button.copy")) return;
  const what = block.dataset.install === undefined ? "Copy this cell" : "Copy the install line";
  const button = makeButton("Copy", what, async () => code.textContent ?? "");
  button.classList.add("copy");
  block.append(button);
}

function offerExample(example: HTMLElement): void {
  const files = example.querySelector(".files p");
  const script = files?.querySelector<HTMLAnchorElement>("a[href$='.py']");
  if (!files || !script || files.querySelector("button")) return;
  const button = makeButton("Copy whole example", "", async () => {
    const answer = await fetch(script.href);
    if (!answer.ok) throw new Error(`${script.href}: ${answer.status}`);
    return answer.text();
  });
  files.prepend(button);
}

function makeButton(label: string, description: string, read: () => Promise<string>): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  if (description) button.setAttribute("aria-label", description);
  button.addEventListener("click", () => {
    void copy(read()).then(
      () => announce(button, label, "Copied"),
      () => announce(button, label, "Could not copy"),
    );
  });
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
