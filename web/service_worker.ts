// Caches the whole published book in the browser: after one visit it works without a network. cardbook/site/offline.py puts
// the list of its files, with the SHA-256 of each, before this script. A new list is a new book: it is fetched beside the old
// one, each file is checked against the list, and it takes over when no page of the old one is open.

interface Book {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Worker {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { matchAll(options: { type: string; includeUncontrolled: boolean }): Promise<unknown[]> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", hear: (event: Extendable) => void): void;
  addEventListener(type: "fetch", hear: (event: Fetching) => void): void;
  addEventListener(type: "message", hear: (event: MessageEvent) => void): void;
}

declare const BOOK: Book;

const worker = self as unknown as Worker;
const scope = worker.registration.scope;
// The same host may have other books.
const prefix = `book ${scope} `;
const own = prefix + BOOK.version;
const LIST = `${scope}?files`;
const TOGETHER = 6;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
worker.addEventListener("message", ({ data }) => data === "take over" && void worker.skipWaiting());
worker.addEventListener("fetch", (event) => {
  const path = pathOf(event.request);
  if (event.request.mode === "navigate") event.respondWith(navigate(event.request, path));
  else if (path !== undefined) event.respondWith(answer(event.request, path));
});

async function install(): Promise<void> {
  try {
    const cache = await caches.open(own);
    const kept = await filesKept();
    const waiting = Object.entries(BOOK.files);
    const fetchNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [path, hash] = next;
        await cache.put(scope + path, (await kept(path, hash)) ?? (await fetchChecked(path, hash)));
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, fetchNext));
    await cache.put(LIST, new Response(JSON.stringify(BOOK.files)));
  } catch (error) {
    // An incomplete cache is deleted: the next visit tries again.
    await caches.delete(own);
    throw error;
  }
}

// Returns a function that finds a file in the cache of an older version.
async function filesKept(): Promise<(path: string, hash: string) => Promise<Response | undefined>> {
  const older: { cache: Cache; files: Record<string, string> }[] = [];
  for (const other of await caches.keys()) {
    if (!other.startsWith(prefix) || other === own) continue;
    const cache = await caches.open(other);
    const list = await cache.match(LIST);
    if (list) older.push({ cache, files: (await list.json()) as Record<string, string> });
  }
  return async (path, hash) => older.find(({ files }) => files[path] === hash)?.cache.match(scope + path);
}

async function fetchChecked(path: string, hash: string): Promise<Response> {
  const found = await fetch(scope + path, { cache: "no-cache" });
  if (!found.ok) throw new Error(`${path}: ${found.status}`);
  const content = await found.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  if (btoa(String.fromCharCode(...digest)) !== hash) throw new Error(`${path} is not that of this publication`);
  return new Response(content, { headers: { "Content-Type": found.headers.get("Content-Type") ?? "" } });
}

async function forgetOthers(): Promise<void> {
  const others = (await caches.keys()).filter((other) => other.startsWith(prefix) && other !== own);
  await Promise.all(others.map((other) => caches.delete(other)));
}

// Returns which file of the book answers a request, as the host would choose it.
function pathOf(request: Request): string | undefined {
  const address = request.url.split(/[?#]/)[0]!;
  if (request.method !== "GET" || !address.startsWith(scope)) return undefined;
  const path = decoded(address.slice(scope.length));
  const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
  return file in BOOK.files ? file : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not how a file of the book is written.
    return path;
  }
}

async function navigate(request: Request, path: string | undefined): Promise<Response> {
  const { waiting } = worker.registration;
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (waiting && open.length <= 1) {
    // Only this page is left of the old book: it is loaded again, from the new one.
    waiting.postMessage("take over");
    return new Response("", { headers: { Refresh: "0" } });
  }
  return path === undefined ? fetch(request) : answer(request, path);
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(own);
  return (await cache.match(scope + path)) ?? fetch(request);
}

export {};
