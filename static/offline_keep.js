// While there is a line, the page with all sheets of an open round and the files it needs are kept on this device, at each
// visit of the juror's list. offline.js works with what is kept, worker.js shows it when the line is gone.
(() => {
  const line = document.querySelector("[data-keep]");
  const { viewer } = window.keeping;
  if (!line || !window.offline || !navigator.serviceWorker || !window.caches) return;

  const inside = (text) => [...new Set(text.match(/\/static\/[0-9a-f]{12}\/[\w./-]+/g) ?? [])];
  async function keepFile(cache, address) {
    if (await cache.match(address, { ignoreVary: true })) return;
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(address);
    await cache.put(address, answer);
  }
  // Fonts that this page uses, which the browser has already; rare letters come from a font of the device.
  async function fonts() {
    await document.fonts.ready;
    return performance.getEntriesByType("resource").map(({ name }) => new URL(name))
      .filter(({ origin, pathname }) => origin === location.origin && pathname.endsWith(".woff2")).map(({ pathname }) => pathname);
  }
  async function keepRound(round) {
    const address = `/rounds/${round}/offline`;
    const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return false;
    const page = await answer.text();
    if (!page.includes(`data-viewer="${viewer}"`)) return false;
    const cache = await caches.open(`jury:${viewer}`);
    for (const file of [...inside(page), ...await fonts()]) await keepFile(cache, file);
    const headers = new Headers(answer.headers);
    headers.set("x-kept-at", String(Date.now()));
    headers.delete("content-encoding");
    await cache.put(address, new Response(page, { headers }));
    return true;
  }
  async function keepRounds() {
    await navigator.serviceWorker.register("/rounds/worker.js", { scope: "/rounds/" });
    const done = [];
    for (const round of line.dataset.keep.split(" ")) done.push(await keepRound(round));
    const text = line.querySelector("[data-kept-words]");
    text.hidden = !done.every(Boolean);
    line.dataset.kept = String(done.every(Boolean));
  }
  keepRounds().catch(() => {});
})();
