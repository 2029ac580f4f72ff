// Files in pieces: what is chosen is sent at once, one file after the other, and goes on by itself where a line broke
// (tus). Without this script the form sends them. What came of a file in an earlier visit stands in the page as
// [data-coming]: the same file chosen again goes on from there.
(() => {
  const PIECE = 2 * 1024 * 1024; // bytes: what a proxy may hold back before it passes it on
  const RETRY = [1000, 3000, 5000, 10000, 20000, 30000];
  const SILENCE = 30000; // without a byte moving, the line counts as broken
  const AGAIN = new Set([0, 408, 409, 423, 429]); // and everything from 500 up
  const words = document.getElementById("upload-words")?.dataset;
  if (!words) return;
  const lang = document.documentElement.lang;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const waiting = [];
  let active = null;
  let refused = 0;
  let held = () => {}; // goes on with what waits until nothing is on its way

  // The library weighs as much as a page: it comes when somebody is about to choose a file.
  let coming = null;
  function library() {
    coming ??= new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: words.tusClient, integrity: words.integrity });
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => {
        script.remove();
        coming = null; // the next try asks again
        reject(new Error(words.lost));
      });
      document.head.append(script);
    });
    return coming;
  }
  for (const kind of ["click", "dragenter"]) {
    document.addEventListener(kind, ({ target }) => {
      if (target.matches?.("[data-uploads] input[type=file]")) library().catch(() => {});
    });
  }

  function amount(bytes) {
    const [small, ...larger] = words.units.split(" ");
    let [value, unit] = [bytes, small];
    for (const next of larger) if (value >= 1024) [value, unit] = [value / 1024, next];
    return `${value.toLocaleString(lang, { maximumFractionDigits: value < 10 && unit !== small ? 1 : 0 })}\u00a0${unit}`;
  }
  function left(seconds) {
    if (!Number.isFinite(seconds)) return "";
    return seconds < 90 ? fill(words.seconds, { n: Math.max(1, Math.round(seconds)) }) : fill(words.minutes, { n: Math.round(seconds / 60) });
  }

  // --- One line a file ----------------------------------------------------------------------------------------------
  function lineOf(box, file) {
    let list = box.querySelector("[data-queue]");
    if (!list) {
      list = Object.assign(document.createElement("ul"), { className: "files" });
      list.dataset.queue = "";
      box.querySelector("[data-files]").after(list);
    }
    const line = Object.assign(document.createElement("li"), { className: "file" });
    const name = Object.assign(document.createElement("span"), { className: "file__words" });
    const note = Object.assign(document.createElement("span"), { className: "file__note", textContent: words.waits });
    const stop = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet button--small", textContent: words.cancel });
    stop.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: `: ${file.name}` }));
    name.append(Object.assign(document.createElement("bdi"), { textContent: file.name }), note);
    line.append(name, stop);
    list.append(line);
    return { line, note, stop };
  }
  function tell(job, text, fault = false) { // for eyes
    job.note.textContent = text;
    job.line.classList.toggle("file--fault", fault);
  }
  function say(job, text) { // for ears, a few times a file
    job.box.querySelector("[data-told]").textContent = fill(text, { name: job.file.name });
  }

  // --- The queue ----------------------------------------------------------------------------------------------------
  function choose(box, file) {
    const job = { box, file, ...lineOf(box, file), tries: 0, sent: 0, since: 0, moved: Date.now(), half: false };
    job.stop.addEventListener("click", () => cancel(job));
    const most = Number(box.dataset.most);
    const kinds = box.querySelector("input[type=file]").accept.split(",");
    const fault = file.size > most ? fill(words.large, { limit: Math.round(most / 1048576) })
      : kinds.some((kind) => file.name.toLowerCase().endsWith(kind)) ? "" : words.kind;
    if (fault) {
      refuse(job, fault);
      return;
    }
    waiting.push(job);
    next();
  }
  function next() {
    if (active || !waiting.length) return;
    active = waiting.shift();
    begin(active);
  }
  function done(job) {
    clearTimeout(job.timer);
    if (active === job) active = null;
    next();
    if (active) return;
    held();
    held = () => {};
  }
  function cancel(job) {
    const place = waiting.indexOf(job);
    if (place >= 0) waiting.splice(place, 1);
    job.over = true;
    job.upload?.abort(true).catch(() => {}); // what the server doesn't hear of it forgets after a day
    job.line.remove();
    job.box.querySelector("input[type=file]").focus();
    done(job);
  }
  function refuse(job, reason) {
    job.over = true;
    refused += 1;
    tell(job, reason, true);
    job.stop.firstChild.data = words.dismiss;
    say(job, `${job.file.name}: ${reason}`);
    done(job);
  }

  // --- Sending ------------------------------------------------------------------------------------------------------
  async function begin(job) {
    const { box, file } = job;
    try {
      await library();
    } catch {
      broken(job);
      return;
    }
    if (job.over) return;
    const mark = String(file.lastModified);
    const before = [...box.querySelectorAll("[data-coming]")].find(({ dataset }) =>
      dataset.name === file.name && Number(dataset.size) === file.size && dataset.mark === mark);
    before?.remove();
    job.upload = new window.tus.Upload(file, {
      endpoint: box.dataset.uploads,
      uploadUrl: before ? `/uploads/${before.dataset.coming}` : null,
      chunkSize: PIECE, retryDelays: null, storeFingerprintForResuming: false,
      headers: { "X-CSRF-Token": box.closest("form").elements._csrf.value, Accept: "application/json" },
      metadata: { field: box.dataset.field, filename: file.name, mark },
      onProgress: (sent) => moved(job, sent),
      onSuccess: () => arrived(job),
      onError: (fault) => failed(job, fault),
    });
    say(job, words.begins);
    start(job);
  }
  function start(job) {
    clearTimeout(job.timer);
    if (job.over) return;
    Object.assign(job, { since: 0, moved: Date.now(), lost: false });
    if (job.upload) job.upload.start(); else begin(job);
  }
  function moved(job, sent) {
    const now = Date.now();
    if (!job.since) Object.assign(job, { since: now, from: sent });
    Object.assign(job, { sent, moved: now, tries: 0 });
    const rate = (sent - job.from) / (now - job.since) * 1000;
    const rest = now - job.since > 1000 ? left((job.file.size - sent) / rate) : "";
    const text = fill(words.progress, { sent: amount(sent), size: amount(job.file.size) });
    tell(job, sent === job.file.size ? words.checks : [text, rest].filter(Boolean).join(", "));
    if (job.from * 2 >= job.file.size) job.half = true; // it came before this line broke off: nothing new
    if (!job.half && sent * 2 >= job.file.size && job.file.size > PIECE) {
      job.half = true;
      say(job, words.half);
    }
  }
  async function arrived(job) {
    job.over = true;
    await renew().catch(() => {});
    job.line.remove();
    say(job, words.arrived);
    done(job);
  }
  function failed(job, fault) {
    if (job.over) return;
    const answer = fault.originalResponse;
    const status = answer?.getStatus() ?? 0;
    if (AGAIN.has(status) || status >= 500) {
      broken(job);
      return;
    }
    let reason = words.refused;
    try {
      reason = status === 401 ? words.signedOut : JSON.parse(answer.getBody()).message || reason;
    } catch { /* no answer of ours */ }
    refuse(job, reason);
  }
  function broken(job) {
    if (!job.lost) say(job, words.lost);
    job.lost = true;
    tell(job, words.lost);
    clearTimeout(job.timer);
    job.timer = setTimeout(() => start(job), RETRY[Math.min(job.tries, RETRY.length - 1)]);
    job.tries += 1;
  }
  async function cut() {
    const job = active;
    if (!job?.upload || job.over) return;
    await job.upload.abort().catch(() => {});
    broken(job);
  }
  window.addEventListener("offline", cut);
  window.addEventListener("online", () => { if (active?.lost) start(active); });
  setInterval(() => { if (active && !active.lost && Date.now() - active.moved > SILENCE) cut(); }, 5000);

  // --- The list of what is there ------------------------------------------------------------------------------------
  const keyOf = (line) => line.querySelector("button[name=remove]")?.value;
  async function renew(answer = null, { whole = false } = {}) {
    const page = new DOMParser().parseFromString(await (answer ?? await fetch(location.pathname)).text(), "text/html");
    for (const box of document.querySelectorAll("[data-uploads]")) {
      const fresh = page.getElementById(box.id);
      if (!fresh) continue;
      const list = box.querySelector("[data-files]");
      const known = new Map([...list.children].map((line) => [keyOf(line), line]));
      const lines = [...fresh.querySelector("[data-files]").children].map((line) => (!whole && keyOf(line) && known.get(keyOf(line))) || line);
      const going = active?.upload?.url?.split("/").at(-1); // it has a line of its own
      list.replaceChildren(...lines.filter(({ dataset }) => !dataset.coming || dataset.coming !== going));
      box.querySelector(".meta")?.replaceChildren(...fresh.querySelector(".meta").childNodes);
    }
    document.querySelectorAll("form[data-naming]").forEach((form) => form.remove());
    document.querySelector("main").append(...page.querySelectorAll("form[data-naming]"));
  }
  async function change(address, fields, plainly, focus) {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields) }).catch(() => null);
    if (!answer?.ok) {
      plainly();
      return;
    }
    await renew(answer, { whole: true });
    document.querySelector(focus)?.focus();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-uploads] button");
    if (!button) return;
    const form = button.form;
    if ("giveUp" in button.dataset) {
      const line = button.closest("[data-coming]");
      const choice = line.closest("[data-uploads]").querySelector("input[type=file]");
      library().then(() => window.tus.Upload.terminate(`/uploads/${line.dataset.coming}`, { headers: { "X-CSRF-Token": form.elements._csrf.value } }))
        .catch(() => {}).then(() => renew()).then(() => choice.focus(), () => {});
    } else if (button.name === "remove" || button.name === "restore") {
      event.preventDefault();
      const after = button.name === "remove" ? "restore" : "remove";
      change(form.action, { _csrf: form.elements._csrf.value, [button.name]: button.value },
        () => form.requestSubmit(button), `button[name=${after}][value="${button.value}"]`);
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("naming" in form.dataset) || event.defaultPrevented) return;
    event.preventDefault();
    change(form.action, new FormData(form), () => form.submit(), `button[name=remove][value="${form.id.slice(7)}"]`);
  });
  document.addEventListener("change", ({ target }) => {
    const box = target.type === "file" && target.closest?.("[data-uploads]");
    if (!box) return;
    [...target.files].forEach((file) => choose(box, file));
    target.value = "";
  });
  window.addEventListener("beforeunload", (event) => { if (active && !active.over) event.preventDefault(); });
  document.querySelectorAll("[data-uploads] [data-plain]").forEach((button) => { button.hidden = true; });

  // What is pressed in the form meanwhile waits for the files. One that is refused is to be read first: then nothing is done.
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!active || event.defaultPrevented || !form.querySelector("[data-uploads]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const before = refused;
    window.keeping.tell(form, words.holds);
    await new Promise((go) => { held = go; }); // the last press is the one that is meant
    window.keeping.tell(form, "");
    if (refused === before) form.requestSubmit(submitter);
  }, true);
})();
