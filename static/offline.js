// Rounds without a network. While there is a line, the page with all sheets of a round is kept on this device (worker.js
// shows it when the line is gone). What can't be sent goes into an outbox, sealed like all that keeping.js keeps, each
// sheet under a number of its own: the server records a number once, however often and in whatever order it comes.
window.offline = (() => {
  const { holds, viewer, seal, unseal, versionOf, word } = window.keeping;
  const box = document.querySelector("[data-outbox]");
  if (!viewer || !holds || !box || !window.idbKeyval || !window.indexedDB) return null;
  const { createStore, del, entries, get, set } = window.idbKeyval;
  const store = createStore(`jury:${viewer}`, "jury");
  const words = box.dataset;
  const form = document.querySelector("form[data-sheet]");
  const sheets = [];
  let doubts = []; // numbers of what was sent from here without an answer
  let mine = false; // what is open here is sent by its form, as long as that is there
  let busy = false;
  let fault = "";

  // Who is on the way to another page is not pulled back by what gets sent meanwhile; who has stayed after all goes on later.
  let left = -Infinity;
  window.addEventListener("beforeunload", () => { left = performance.now(); });
  function onward(move) {
    if (performance.now() - left > 10000) move(); else setTimeout(onward, 10000, move);
  }

  const read = async (key) => { const text = await get(key, store); return text && unseal(text); };
  const write = (key, value) => set(key, seal(value), store);
  function number() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
  const fieldsOf = (sheet) => [...new FormData(sheet)].filter(([name, value]) => typeof value === "string" && !name.startsWith("_")
    && !["version", "act", "request", "after"].includes(name));
  const addressOf = ({ round, project }) => `/rounds/${round}/projects/${project}`;
  const told = (key, n) => {
    const kind = new Intl.PluralRules(document.documentElement.lang || "ru").select(n);
    return (words[key + kind[0].toUpperCase() + kind.slice(1)] ?? words[`${key}Many`]).replace(/\d+/, n);
  };
  async function outbox() {
    const found = (await entries(store)).filter(([key]) => key.startsWith("out:")).map(([key, text]) => [key, unseal(text)]);
    return found.map(([, entry]) => entry).sort((one, other) => one.at - other.at);
  }

  // --- The outbox ---------------------------------------------------------------------------------------------------
  // Marks as people read them, for a sheet that can't be sent any more.
  function shownOf(sheet) {
    const rows = [...sheet.querySelectorAll("[data-criterion]")].map((each) => [
      each.querySelector("legend").firstChild.textContent.trim(),
      each.querySelector("input:checked")?.nextElementSibling.textContent ?? "–",
    ]);
    return [...rows, ...[...sheet.querySelectorAll("textarea")].filter((each) => each.value)
      .map((each) => [sheet.querySelector(`label[for="${each.id}"]`).firstChild.textContent.trim(), each.value])];
  }
  async function put(sheet, act) {
    const project = sheet.dataset.sheet;
    const before = await read(`out:${project}`);
    const after = [...(before?.after ?? []), ...(before?.sent ? [before.request] : []), ...doubts].slice(-20);
    await write(`out:${project}`, {
      project, round: sheet.dataset.round, heading: document.querySelector("h1").textContent.trim(), act,
      fields: fieldsOf(sheet), shown: shownOf(sheet), version: before?.version ?? versionOf(sheet).value,
      request: number(), after: [...new Set(after)], at: Date.now(), state: before?.state === "clash" ? "clash" : "waiting", sent: false,
    });
    await show();
  }
  async function send(entry, csrf) {
    const key = `out:${entry.project}`;
    await write(key, { ...entry, sent: true });
    const body = new URLSearchParams([...entry.fields, ["version", entry.version], ["act", entry.act], ["request", entry.request],
      ...entry.after.map((each) => ["after", each]), ["_csrf", csrf]]);
    const answer = await fetch(addressOf(entry), {
      method: "POST", body, redirect: "manual", headers: { "X-Autosave": "1", Accept: "application/json" }, signal: AbortSignal.timeout?.(20000),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.status >= 500 || answer.status === 429 || answer.status === 401 || answer.status === 400) throw new Error(String(answer.status));
    const now = await read(key);
    if (now?.request !== entry.request) return; // written on meanwhile: that goes next, and knows of this
    if (answer.ok) {
      await write(`known:${entry.project}`, { version: said.version, fields: entry.fields, state: said.state, words: "" });
      await del(key, store);
      document.dispatchEvent(new CustomEvent("outbox-sent", { detail: { ...entry, ...said } }));
    } else {
      await write(key, { ...now, sent: false, state: answer.status === 409 ? "clash" : answer.status === 422 ? "wrong" : "late", reason: said.message ?? "" });
    }
  }
  async function sendAll() {
    const waiting = (await outbox()).filter(({ state, project }) => state === "waiting" && !(mine && form.dataset.sheet === project));
    if (!waiting.length) return;
    const session = await fetch("/session", { cache: "no-store", signal: AbortSignal.timeout?.(10000) });
    if (session.status === 401) { fault = "out"; return; }
    const { viewer: who, csrf } = await session.json();
    if (who !== viewer) { fault = "other"; return; }
    for (const entry of waiting) await send(entry, csrf);
  }
  async function flush() {
    if (busy) return;
    busy = true;
    fault = "";
    try {
      await (navigator.locks ? navigator.locks.request(`outbox:${viewer}`, sendAll) : sendAll());
    } catch {
      fault = "away";
    }
    busy = false;
    await show();
  }

  const made = (tag, more = {}, ...inside) => { const element = Object.assign(document.createElement(tag), more); element.append(...inside); return element; };
  const small = (text, press) => { const button = made("button", { type: "button", className: "button button--secondary button--small", textContent: text }); button.addEventListener("click", press); return button; };
  function compare(entry) { // the server draws both versions and asks which of them stands
    const sheet = made("form", { method: "post", action: addressOf(entry), hidden: true });
    const token = document.querySelector("input[name=_csrf]")?.value ?? "";
    for (const [name, value] of [...entry.fields, ["version", entry.version], ["act", entry.act], ["_csrf", token]]) sheet.append(made("input", { type: "hidden", name, value }));
    document.body.append(sheet);
    HTMLFormElement.prototype.submit.call(sheet);
  }
  function line(entry) {
    const reason = entry.state === "clash" ? words.clash : entry.reason;
    const item = made("li", {}, made("b", { textContent: entry.heading }), ` – ${reason} `);
    if (entry.state === "clash") item.append(small(word("compare"), () => compare(entry)));
    else {
      const marks = made("dl", { className: "summary" });
      for (const [name, value] of entry.shown) marks.append(made("div", { className: "summary__row" }, made("dt", { textContent: name }), made("dd", { textContent: value })));
      item.append(made("details", { className: "fold" }, made("summary", { textContent: words.read }), marks),
        small(words.drop, async () => { await del(`out:${entry.project}`, store); show(); }));
    }
    return item;
  }
  async function show() {
    const all = await outbox();
    const waiting = all.filter(({ state }) => state === "waiting");
    const stopped = all.filter(({ state }) => state !== "waiting");
    const count = box.querySelector("[data-count]");
    const text = [waiting.length ? told("waiting", waiting.length) : "", waiting.length && fault ? words[fault] ?? "" : ""].filter(Boolean).join(". ");
    if (count.textContent !== text) count.textContent = text;
    box.querySelector("[data-send]").hidden = !waiting.length || fault === "out";
    const link = box.querySelector("[data-sign-in]");
    link.hidden = fault !== "out" || !waiting.length;
    link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
    box.querySelector("[data-stopped]").replaceChildren(...stopped.map(line));
    box.querySelector("[data-stopped-box]").hidden = !stopped.length;
    box.hidden = !all.length;
    try { localStorage.setItem(`waiting:${viewer}`, String(waiting.length)); } catch { /* full or closed */ }
  }

  // --- The sheet while there is a line ------------------------------------------------------------------------------
  const next = (sheet) => {
    const all = sheets.filter(({ writable, state, waits }) => writable && state !== "handed_in" && !waits);
    const here = sheets.findIndex(({ project }) => project === sheet.dataset.sheet);
    const further = all.find((each) => sheets.indexOf(each) > here) ?? all.find(({ project }) => project !== sheet.dataset.sheet);
    return further ? addressOf({ round: sheet.dataset.round, project: further.project }) : `/rounds/${sheet.dataset.round}`;
  };
  // As the server would say it: at each criterion without a mark, until there is one.
  function judge(criterion) {
    const blank = !criterion.querySelector("input:checked");
    const id = `f-${criterion.dataset.criterion}-error`;
    criterion.querySelector(".error")?.remove();
    criterion.classList.toggle("field--error", blank);
    for (const [name, value] of [["aria-invalid", "true"], ["aria-describedby", id]]) if (blank) criterion.setAttribute(name, value); else criterion.removeAttribute(name);
    if (blank) criterion.querySelector(".segmented").before(made("p", { className: "error", id, textContent: words.mark }));
    return blank;
  }
  form?.addEventListener("change", ({ target }) => { const wrong = target.closest("[data-criterion].field--error"); if (wrong) judge(wrong); });
  async function take(sheet, act) {
    const blank = act === "hand_in" ? [...sheet.querySelectorAll("[data-criterion]")].filter(judge) : [];
    if (blank.length) {
      window.keeping.tell(sheet, words.blank, true);
      blank[0].querySelector("input").focus();
      return false;
    }
    if (act !== "skip") await put(sheet, act);
    return true;
  }
  if (form?.dataset.autosave) {
    const known = `known:${form.dataset.sheet}`;
    const note = () => write(known, { version: versionOf(form).value, fields: fieldsOf(form), state: form.dataset.state, words: "", doubts });
    read(known).then((before) => { doubts = before?.doubts ?? []; return note(); });
    let asked = "";
    document.addEventListener("autosaving", ({ detail: { fields } }) => {
      asked = number();
      fields.set("request", asked);
      doubts.forEach((each) => fields.append("after", each));
      doubts = [...doubts, asked].slice(-20);
      note();
    });
    document.addEventListener("autosaved", async ({ detail: { state } }) => {
      doubts = [];
      form.dataset.state = state;
      await note();
      await del(`out:${form.dataset.sheet}`, store);
      show();
    });
    document.addEventListener("autosave-lost", () => { mine = true; put(form, "save"); });
    document.addEventListener("outbox-sent", ({ detail: { project } }) => { if (project === form.dataset.sheet) onward(() => location.reload()); });
    document.addEventListener("unsent", async (event) => {
      if (event.target !== form || event.detail?.answer !== "away") return;
      event.stopPropagation();
      event.preventDefault();
      const round = await kept(form.dataset.round);
      const act = event.detail.button?.value ?? "save";
      window.autosaving.free(form);
      if (!round) return put(form, act);
      if (!(await take(form, act))) return;
      window.autosaving.given(form);
      window.keeping.forget(form);
      window.keeping.leave(form);
      await merge(round);
      onward(() => location.assign(act === "save" ? location.href : next(form)));
    }, true);
  }
  // Two versions: what is chosen goes the way of the outbox, so that it comes but once too.
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("[data-versions]")) return;
    const key = `out:${event.target.dataset.versions}`;
    event.preventDefault();
    event.stopPropagation();
    const entry = await read(key);
    if (!entry) { HTMLFormElement.prototype.submit.call(event.target); return; }
    const version = event.target.elements.version.value;
    await write(key, { ...entry, version, request: number(), after: [], state: "waiting", sent: false });
    await flush();
    onward(() => location.assign(addressOf(entry)));
  }, true);
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-drop]");
    const project = link?.dataset.drop.split("/projects/")[1];
    if (!project) return;
    event.preventDefault();
    await del(`out:${project}`, store);
    location.assign(link.href);
  });

  // --- A round that is kept here (offline_keep.js) ---------------------------------------------------------------------
  async function kept(round) {
    const page = await (await caches.open(`jury:${viewer}`)).match(`/rounds/${round}/offline`, { ignoreVary: true });
    return page ? new DOMParser().parseFromString(await page.text(), "text/html") : null;
  }
  async function merge(page) { // what the page was kept with, what is known since, and what waits
    const found = JSON.parse(page.querySelector("[data-sheets]").dataset.sheets);
    const waiting = new Map((await outbox()).map((each) => [each.project, each]));
    for (const sheet of found) {
      const known = await read(`known:${sheet.project}`);
      if (known && Number(known.version) > sheet.version) Object.assign(sheet, { ...known, version: Number(known.version), fields: Object.fromEntries(known.fields) });
      const out = waiting.get(sheet.project);
      if (out) Object.assign(sheet, { fields: Object.fromEntries(out.fields), waits: out.state === "waiting", stopped: out.state !== "waiting" });
      sheets.push(sheet);
    }
  }

  // --- The page without a network -----------------------------------------------------------------------------------
  function fill(sheet) {
    form.dataset.sheet = sheet.project;
    form.action = addressOf(form.dataset);
    versionOf(form).value = sheet.version;
    for (const field of form.elements) {
      if (field.type === "radio") field.checked = sheet.fields[field.name] === field.value;
      else if (field.matches("textarea")) field.value = sheet.fields[field.name] ?? "";
    }
    form.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
  }
  async function open(page) {
    await merge(document);
    const project = location.pathname.split("/projects/")[1];
    const sheet = sheets.find((each) => each.project === project);
    const all = form.querySelectorAll("[data-criterion]").length;
    const rows = sheets.map((each) => {
      const link = made("a", { className: "task__link", href: addressOf({ round: form.dataset.round, project: each.project }), textContent: each.heading });
      const marked = Object.entries(each.fields).filter(([name, value]) => name.startsWith("mark_") && value).length;
      const note = each.writable ? words.marked.replace("{n}", marked).replace("{all}", all) : "";
      const state = each.waits ? words.waits : each.stopped ? words.stopped : each.words || words[each.state === "handed_in" ? "handed" : "draft"];
      const colour = each.waits || each.stopped ? "amber" : each.state === "draft" ? "blue" : each.state === "handed_in" ? "plain" : "grey";
      return made("li", { className: "task" }, made("span", { className: "task__words" }, link, made("span", { className: "task__note", textContent: note })),
        made("span", { className: `tag tag--${colour}`, textContent: state }));
    });
    page.querySelector("[data-list]").replaceChildren(...rows);
    page.querySelector("[data-list]").hidden = Boolean(sheet);
    page.querySelector("[data-one]").hidden = !sheet;
    if (!sheet) return;
    document.querySelector("h1").textContent = sheet.heading;
    document.title = `${sheet.heading} – ${document.title}`;
    form.hidden = !sheet.writable;
    page.querySelector("[data-shut]").hidden = sheet.writable;
    fill(sheet);
  }
  const OPENS = /^\/rounds\/[0-9a-f-]{36}(\/offline|\/projects\/[0-9a-f-]{36})?$/;
  const elsewhere = document.querySelector("[data-elsewhere]");
  const page = document.querySelector("[data-offline-page]");
  if (page) {
    let timer = 0;
    open(page);
    elsewhere.hidden = OPENS.test(location.pathname);
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => { await put(form, "save"); window.keeping.tell(form, words.kept); }, 300);
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      clearTimeout(timer);
      const act = event.submitter?.value ?? "save";
      if (!(await take(form, act))) return put(form, "save"); // what was typed just before stays too
      await flush();
      onward(() => location.assign(act === "save" ? location.href : next(form)));
    });
  }

  // Without a line only the kept rounds open: a link that leads elsewhere says so, and the page stays.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href]");
    const aside = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || aside || event.defaultPrevented || link.origin !== location.origin || (navigator.onLine && !page)) return;
    if (link.pathname === location.pathname || OPENS.test(link.pathname)) return;
    event.preventDefault();
    if (await window.keeping.probe(true) !== "away") { location.assign(link.href); return; }
    elsewhere.hidden = false;
    elsewhere.focus();
  });

  box.querySelector("[data-send]").addEventListener("click", flush);
  window.addEventListener("online", flush);
  document.addEventListener("line-back", flush);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  setInterval(() => { if (!box.hidden && !document.hidden) flush(); }, 15000);
  flush();
  return { flush };
})();
