// Screens of a pitch day: who is before the jury, and the timer. The server says at what instant of its clock the timer
// ends; how far this device's clock is off is reckoned anew with every answer, so all screens show the same.
(() => {
  const box = document.querySelector("[data-pitch]");
  if (!box) return;
  const part = (name) => box.querySelector(`[data-${name}]`);
  const words = box.dataset;
  const POLL = 5000;
  let now = null;
  let offset = 0;
  let stream = null;
  let poll = 0;
  let paused = false;

  function put(name, text) {
    const place = part(name);
    if (place && place.textContent !== text) place.textContent = text;
  }
  const say = (text) => put("line", text);
  function tick() {
    if (!now || paused) return;
    const left = now.ends === null ? now.left : Math.max(0, now.ends - (performance.now() + offset));
    if (left === null || left === undefined) { put("timer", ""); put("mode", ""); return; }
    const seconds = Math.ceil(left / 1000);
    put("timer", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    const mode = now.ends === null ? words.stopped : seconds ? words.running : words.over;
    put("mode", mode);
    box.classList.toggle("pitch--over", now.ends !== null && !seconds);
  }
  function draw() {
    put("heading", now.heading || (now.blank ? "" : words.nobody));
    put("title", now.title);
    part("before").hidden = !now.heading;
    part("clock").hidden = Boolean(now.blank);
    const link = part("sheet");
    if (link) { link.hidden = !now.sheet; if (now.sheet) link.href = now.sheet; }
    const code = part("code");
    if (code) code.hidden = Boolean(now.blank);
    const root = part("root");
    if (root) { root.hidden = !now.root; put("short", now.short); put("whole", now.root); put("entries", String(now.entries)); }
    tick();
  }
  async function ask() {
    const began = performance.now();
    try {
      const answer = await fetch(words.state, { cache: "no-store", headers: { Accept: "application/json" }, signal: AbortSignal.timeout?.(8000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      const ended = performance.now();
      offset = found.now + (ended - began) / 2 - ended;
      now = found;
      if (!paused) draw();
      if (part("line")?.textContent === words.lost) say("");
      return true;
    } catch {
      say(words.lost); // the last good state stays
      return false;
    }
  }
  async function polling() {
    clearTimeout(poll);
    if (stream?.readyState === EventSource.OPEN || paused) return;
    if (await ask()) {
      say(words.polling);
      document.getElementById("live")?.dispatchEvent(new Event("resync")); // the panel's table asks as well
    }
    poll = setTimeout(polling, POLL);
  }
  function listen() {
    stream = new EventSource(words.live);
    stream.addEventListener("open", async () => { clearTimeout(poll); if (await ask()) say(""); });
    for (const name of ["changed", "resync"]) stream.addEventListener(name, ask);
    stream.addEventListener("error", () => {
      clearTimeout(poll);
      poll = setTimeout(polling, 1000);
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => { if (!paused) listen(); }, 15000);
    });
  }
  const own = part("pause");
  // The panel has one button for all that is live on it; its words are changed by app.js.
  const button = own ?? document.querySelector(".page-head [data-pause]");
  button?.addEventListener("click", () => {
    paused = !paused;
    if (own) {
      own.setAttribute("aria-pressed", String(paused));
      own.querySelector("span").textContent = paused ? words.resume : words.halt;
    }
    if (paused) { stream.close(); clearTimeout(poll); say(words.paused); } else { say(""); ask(); listen(); }
  });
  if (own) own.hidden = false;
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) ask(); });
  window.addEventListener("offline", () => { if (!paused) say(words.lost); });
  window.addEventListener("online", () => { if (!paused) ask(); });
  setInterval(() => { if (!paused && !document.hidden) ask(); }, 30000); // a line can die without a word
  setInterval(tick, 250);
  ask();
  listen();
})();
