// Lets the service worker keep the book, some time after the page is there: nothing that one reads waits for it.

const DELAY = 4000;

interface Connection {
  readonly saveData?: boolean;
}

export function start(): void {
  const manifest = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
  const { connection } = navigator as { connection?: Connection };
  // A preview has no manifest, and some readers pay for what they load.
  if (!manifest || !("serviceWorker" in navigator) || connection?.saveData) return;
  const address = new URL("service-worker.js", manifest.href);
  setTimeout(() => {
    navigator.serviceWorker.register(address, { updateViaCache: "none" }).catch((error: unknown) => {
      // Storage is forbidden or full: the book needs a network, as before.
      console.info("The book is not kept for reading offline:", error);
    });
  }, DELAY);
}
