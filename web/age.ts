// Marks outputs that are older than the book's limit when the page is read.

const DAY = 24 * 60 * 60 * 1000;

export function start(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>(".provenance time[data-max-age]")) {
    const block = time.closest(".provenance");
    const text = noticeOf(time.dateTime, Number(time.dataset.maxAge), Date.now());
    if (!block || !text || block.querySelector(".too-old")) continue;
    const notice = document.createElement("p");
    notice.className = "too-old";
    notice.textContent = text;
    block.prepend(notice);
  }
}

// Returns what to say of a run that began at `started`; nothing when it is young enough, or a clock is wrong.
export function noticeOf(started: string, maxAge: number, now: number): string {
  const days = Math.floor((now - Date.parse(started)) / DAY);
  if (!(maxAge > 0) || !(days > maxAge)) return "";
  return `This ran ${days} days ago, and this book promises at most ${maxAge}. What is newer may answer differently.`;
}
