// Registers the service worker after the page is loaded, so that it does not delay the page.

const DELAY = 4000;

interface Connection {
  readonly saveData?: boolean;
}

export function start(): void {
  const manifest = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
  const { connection } = navigator as { connection?: Connection };
  // Not in a preview, which has no manifest, and not for readers who save data.
  if (!manifest || !("serviceWorker" in navigator) || connection?.saveData) return;
  const address = new URL("service-worker.js", manifest.href);
  setTimeout(() => {
    navigator.serviceWorker.register(address, { updateViaCache: "none" }).catch((error: unknown) => {
      // Storage is forbidden or full: the book still needs a network.
      console.info("The book is not kept for reading offline:", error);
    });
  }, DELAY);
}
