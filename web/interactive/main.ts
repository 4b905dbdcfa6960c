// Draws interactive outputs when they come into view, as they do for the keyboard too. The data were checked against
// cardbook/records/interactive.schema.json before they were published.

import "./interactive.css";
import { drawAttention } from "./attention";
import { drawMap } from "./map";
import { drawSampling } from "./sampling";
import { drawTokens } from "./tokens";

type Drawing = (data: never) => HTMLElement;

const DRAWINGS = new Map<string, Drawing>([
  ["attention", drawAttention],
  ["map", drawMap],
  ["sampling", drawSampling],
  ["tokens", drawTokens],
]);

function start(): void {
  const watcher = new IntersectionObserver(
    (entries) => entries.forEach(({ isIntersecting, target }) => isIntersecting && show(target as HTMLElement)),
    { rootMargin: "300px 0px" },
  );
  for (const place of document.querySelectorAll<HTMLElement>("[data-interactive]")) watcher.observe(place);
}

function show(place: HTMLElement): void {
  const link = place.querySelector<HTMLAnchorElement>("a[data-source]");
  const draw = DRAWINGS.get(place.dataset.interactive ?? "");
  if (!link || !draw || place.dataset.state) return;
  place.dataset.state = "loading";
  fetchData(link.href).then(
    (data) => {
      link.before(draw(data as never));
      place.dataset.state = "drawn";
    },
    (error: unknown) => {
      // Without a network, or in a page opened as a file, the text and the figure remain.
      place.dataset.state = "failed";
      console.info("An interactive output is not drawn:", error);
    },
  );
}

async function fetchData(address: string): Promise<unknown> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// Material's observable of pages; a later listener hears of the present page too.
if (globalThis.document$) globalThis.document$.subscribe(start);
else start();
