// "Report a mistake" on each card of a chapter: an issue with the card, its address and the commit filled in.

export function start(): void {
  const place = document.querySelector<HTMLAnchorElement>("a[data-report]");
  // The study page moves its cards about.
  if (!place || document.querySelector("[data-study]")) return;
  for (const card of document.querySelectorAll<HTMLElement>("article .card[data-card]")) {
    const answer = card.querySelector("details.card-answer");
    if (!answer || card.querySelector(".card-report")) continue;
    const link = document.createElement("a");
    link.className = "card-report";
    link.rel = "noopener";
    link.href = reportAddress(place, card.dataset.card ?? "");
    link.textContent = "Report a mistake";
    answer.append(link);
  }
}

function reportAddress(place: HTMLAnchorElement, card: string): string {
  const address = new URL(place.href);
  const page = `${location.origin}${location.pathname}#${card}`;
  address.searchParams.set("title", `Card ${card}`);
  address.searchParams.set("body", `Page: ${page}\nCommit: ${place.dataset.report || "unknown"}\n\nWhat is wrong, and a source that shows it:\n`);
  return address.href;
}
