// Autosave: <form data-autosave="/url"> sends itself a second after the last key. Nothing typed is lost: until the server
// has it, the text lies in the tab's own storage, by viewer and address.
// The server answers JSON: 200 {saved_at, message, version}, 409 {message, url}, 422 {message, errors}, 401 {message}.
(() => {
  const PAUSE = 1000;
  const RETRY = [5000, 15000, 30000];
  const states = new WeakMap();
  const word = (name) => document.getElementById("words")?.dataset[name] ?? "";
  const forms = () => [...document.querySelectorAll("form[data-autosave]")];
  const keyOf = (form) => `draft:${document.body.dataset.viewer}:${form.dataset.autosave}`;
  const versionOf = (form) => form.elements.version?.value ?? "";

  function stateOf(form) {
    if (!states.has(form)) states.set(form, { dirty: false, busy: false, stopped: false, tries: 0, timer: 0 });
    return states.get(form);
  }
  function fieldsOf(form) {
    const pairs = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    return new URLSearchParams(pairs);
  }

  function tell(form, text, fault = false, link = null) {
    const line = form.querySelector("[data-autosave-status]")
      ?? document.querySelector(`[data-autosave-status="${CSS.escape(form.id)}"]`);
    if (!line) return;
    line.textContent = text;
    line.classList.toggle("saved--fault", fault);
    if (!link) return;
    const a = Object.assign(document.createElement("a"), { href: link.href, textContent: link.text });
    line.append(" ", a);
  }
  function offline(on) {
    const bar = document.getElementById("offline");
    if (bar) bar.hidden = !on;
  }

  // The tab's own storage
  const storage = (work) => {
    try {
      return work(sessionStorage);
    } catch { // closed or full: the warning on leaving still protects
      return null;
    }
  };
  function keep(form, more = {}) {
    const kept = fieldsOf(form);
    kept.delete("_csrf");
    storage((s) => s.setItem(keyOf(form), JSON.stringify({ fields: [...kept], version: versionOf(form), ...more })));
  }
  const forget = (form) => storage((s) => s.removeItem(keyOf(form)));

  // Repeated groups get as many rows as were typed; rows that were taken out before become blank.
  function makeRoom(form, values) {
    for (const group of form.querySelectorAll("[data-repeat]")) {
      const typed = values.get(group.querySelector("[data-row] [name]")?.name)?.length ?? 0;
      const template = group.querySelector("template");
      for (let rows = group.querySelectorAll("[data-row]").length; rows < typed; rows += 1) {
        template.insertAdjacentHTML("beforebegin", template.innerHTML.replaceAll("__n__", `kept-${rows}`));
      }
    }
  }
  function put(form, fields) {
    const values = new Map();
    for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
    makeRoom(form, values);
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "file") continue;
      const given = values.get(field.name);
      if (field.type === "checkbox" || field.type === "radio") field.checked = given?.includes(field.value) ?? false;
      else if (given) field.value = given.shift() ?? "";
    }
  }
  function restore(form) {
    const kept = JSON.parse(storage((s) => s.getItem(keyOf(form))) ?? "null");
    if (!kept) return;
    const now = fieldsOf(form);
    now.delete("_csrf");
    const same = String(now) === String(new URLSearchParams(kept.fields));
    if (same || (kept.submitted && kept.version !== versionOf(form))) {
      forget(form);
      return;
    }
    put(form, kept.fields);
    if (form.elements.version) form.elements.version.value = kept.version;
    tell(form, word("restored"));
    changed(form, 0);
    form.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
  }

  // Sending
  function changed(form, wait = PAUSE) {
    const state = stateOf(form);
    state.dirty = true;
    keep(form);
    if (state.stopped) return;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(form), wait);
  }
  function later(form, state) {
    state.timer = setTimeout(() => save(form), RETRY[Math.min(state.tries, RETRY.length - 1)]);
    state.tries += 1;
  }

  async function save(form) {
    const state = stateOf(form);
    if (state.busy || state.stopped || !state.dirty || !form.isConnected) return;
    Object.assign(state, { busy: true, dirty: false });
    let answer;
    try {
      answer = await fetch(form.dataset.autosave, {
        method: "POST", body: fieldsOf(form), redirect: "manual",
        headers: { "X-Autosave": "1", Accept: "application/json" },
        signal: AbortSignal.timeout?.(30000),
      });
    } catch {
      Object.assign(state, { busy: false, dirty: true });
      offline(true);
      tell(form, word("unsent"), true);
      later(form, state);
      release(form, state);
      return;
    }
    const body = await answer.json().catch(() => ({}));
    state.busy = false;
    offline(false);
    settle(form, state, answer, body);
    release(form, state);
  }
  // Sent while a save was under way: it waited for the version that the save brought, so as not to clash with itself.
  function release(form, state) {
    const { waiting } = state;
    if (!waiting) return;
    state.waiting = null;
    form.requestSubmit(waiting.button);
  }

  function settle(form, state, answer, body) {
    if (answer.ok) {
      state.tries = 0;
      if (body.version !== undefined && form.elements.version) form.elements.version.value = body.version;
      tell(form, body.message ?? "");
      if (state.dirty) changed(form); else forget(form);
      form.dispatchEvent(new CustomEvent("autosaved", { bubbles: true, detail: body }));
      return;
    }
    state.dirty = true;
    if (answer.status === 401 || answer.type === "opaqueredirect") {
      state.stopped = true;
      tell(form, word("signedOut"), true, { href: `/sign-in?next=${encodeURIComponent(location.pathname)}`, text: word("signIn") });
    } else if (answer.status === 409) {
      state.stopped = true;
      tell(form, body.message ?? "", true, body.url ? { href: body.url, text: word("compare") } : null);
    } else if (answer.status >= 500 || answer.status === 429) {
      tell(form, word("refused"), true);
      later(form, state);
    } else { // 422 and the like: the next change is the next try
      tell(form, [body.message, ...Object.values(body.errors ?? {})].filter(Boolean).join(" "), true);
    }
  }

  const owner = (target) => target.closest?.("form[data-autosave]");
  document.addEventListener("input", ({ target }) => {
    const form = owner(target);
    if (form && target.type !== "file") changed(form);
  });
  document.addEventListener("change", ({ target }) => {
    const form = owner(target);
    if (form && target.type !== "file") changed(form, target.matches("[type=radio], [type=checkbox], select") ? 0 : PAUSE);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-forget]")) storage((s) => s.clear());
    const form = owner(event.target);
    if (!form || event.defaultPrevented) return;
    const state = stateOf(form);
    clearTimeout(state.timer);
    if (state.busy) {
      event.preventDefault();
      state.waiting = { button: event.submitter };
      return;
    }
    if (state.dirty) keep(form, { submitted: true });
    Object.assign(state, { dirty: false, stopped: true });
  });
  window.addEventListener("beforeunload", (event) => {
    if (forms().some((form) => stateOf(form).dirty || stateOf(form).busy)) event.preventDefault();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) forms().forEach((form) => { stateOf(form).stopped = false; });
  });
  window.addEventListener("offline", () => offline(forms().length > 0));
  window.addEventListener("online", () => {
    offline(false);
    forms().forEach(save);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) forms().forEach(save); });
  document.addEventListener("DOMContentLoaded", () => forms().forEach(restore));
})();
