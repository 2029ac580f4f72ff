// The worker of rounds: it answers for the network where that is gone, with the one page of a round that offline.js kept
// on this device, at the addresses of the round and of its sheets. It keeps nothing by itself and knows nobody's name.
const LASTS = 3 * 24 * 3600 * 1000;
const PATIENCE = 8000;
const OWN = /^\/rounds\/([0-9a-f-]{36})(?:\/offline|\/projects\/[0-9a-f-]{36})?$/;
const NEAR = /^\/rounds\/([0-9a-f-]{36})\//; // other pages of a round: instead of the browser's own page of errors, the list
const GONE = new Set([502, 503, 504]);

async function kept(address) {
  for (const name of (await caches.keys()).filter((each) => each.startsWith("jury:"))) {
    const cache = await caches.open(name);
    const page = await cache.match(address, { ignoreVary: true });
    if (page && Date.now() - Number(page.headers.get("x-kept-at")) < LASTS) return page;
    if (page) await cache.delete(address);
  }
  return null;
}
async function page(request, round, patience) {
  const address = `/rounds/${round}/offline`;
  const late = new Promise((_, give) => { if (patience) setTimeout(give, patience, "late"); });
  const asked = fetch(request);
  try {
    const answer = await Promise.race([asked, late]);
    return GONE.has(answer.status) ? (await kept(address)) ?? answer : answer;
  } catch (fault) {
    const page = await kept(address);
    if (page) return page;
    if (fault === "late") return asked;
    throw fault;
  }
}
async function file(request) { // an address of a file changes with its content: a kept one is the right one
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const own = request.mode === "navigate" && OWN.exec(pathname);
  const near = request.mode === "navigate" && NEAR.exec(pathname);
  if (own) event.respondWith(page(request, own[1], PATIENCE));
  else if (near) event.respondWith(page(request, near[1]));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});
