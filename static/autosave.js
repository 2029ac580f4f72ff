// Autosave: <form data-autosave="/url"> sends itself a second after the last key; until then, and while it can't, the
// text is kept on the device (keeping.js).
// The server answers JSON: 200 {saved_at, message, version, here}, 409 {message, url}, 422 {message, errors}, 401 {message}.
window.autosaving = (() => {
  const PAUSE = 1000;
  const RETRY = [5000, 15000, 30000];
  const states = new WeakMap();
  const { formOf, keep, forget, lost, probe, restore, signedOut, tell, versionOf, word } = window.keeping;
  const forms = () => [...document.querySelectorAll("form[data-autosave]")];

  function stateOf(form) {
    if (!states.has(form)) states.set(form, { dirty: false, busy: false, stopped: false, tries: 0, timer: 0, idle: Promise.resolve() });
    return states.get(form);
  }
  function fieldsOf(form) {
    const pairs = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    return new URLSearchParams(pairs);
  }

  function changed(form, wait = PAUSE) {
    const state = stateOf(form);
    state.dirty = true;
    keep(form);
    if (state.stopped) return;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(form), wait);
  }
  function later(form, state) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(form), RETRY[Math.min(state.tries, RETRY.length - 1)]);
    state.tries += 1;
  }
  function save(form) {
    const state = stateOf(form);
    if (state.busy || state.stopped || state.held || !state.dirty || !form.isConnected) return;
    Object.assign(state, { busy: true, dirty: false });
    state.idle = sent(form, state);
  }
  async function sent(form, state) {
    let answer;
    const fields = fieldsOf(form);
    form.dispatchEvent(new CustomEvent("autosaving", { bubbles: true, detail: { fields } }));
    try {
      answer = await fetch(form.dataset.autosave, {
        method: "POST", body: fields, redirect: "manual",
        headers: { "X-Autosave": "1", Accept: "application/json" },
        signal: AbortSignal.timeout?.(30000),
      });
    } catch {
      Object.assign(state, { busy: false, dirty: true });
      lost();
      tell(form, word("unsent"), true);
      form.dispatchEvent(new CustomEvent("autosave-lost", { bubbles: true }));
      later(form, state);
      return;
    }
    const body = await answer.json().catch(() => ({}));
    state.busy = false;
    await settle(form, state, answer, body);
  }

  async function settle(form, state, answer, body) {
    if (answer.ok) {
      state.tries = 0;
      const version = versionOf(form);
      if (body.version !== undefined && version) version.value = body.version;
      tell(form, body.message ?? "");
      here(body.here);
      if (state.dirty) changed(form); else forget(form);
      form.dispatchEvent(new CustomEvent("autosaved", { bubbles: true, detail: body }));
      return;
    }
    state.dirty = true;
    if ((answer.status === 400 || answer.status === 401) && state.tries === 0 && (await probe(true)) === "here") {
      state.tries = 1; // signed in again in another tab: the probe has brought the new token
      save(form);
    } else if (answer.status === 401 || answer.type === "opaqueredirect") {
      state.stopped = true;
      signedOut(form);
    } else if (answer.status === 403) { // closed by now: only a person can do something about it
      state.stopped = true;
      tell(form, body.message ?? "", true);
    } else if (answer.status === 409) {
      state.stopped = true;
      const button = form.querySelector("button[data-saves]"); // shows both texts; it stands at the end of a long form
      tell(form, body.message ?? "", true, body.url || button ? { href: body.url, text: word("compare"), press: () => button?.click() } : null);
    } else if (answer.status >= 500 || answer.status === 429) {
      tell(form, word("refused"), true);
      later(form, state);
    } else { // 422 and the like: the next change is the next try
      tell(form, [body.message, ...Object.values(body.errors ?? {})].filter(Boolean).join(" "), true);
    }
  }
  // Who else writes here, in words.
  function here(words) {
    const line = document.querySelector("[data-here]");
    if (!line || words === undefined) return;
    line.hidden = !words;
    const text = line.querySelector("span") ?? line;
    if (text.textContent !== words) text.textContent = words;
  }

  const owner = (target) => (formOf(target)?.matches("[data-autosave]") ? formOf(target) : null);
  document.addEventListener("input", ({ target }) => {
    const form = owner(target);
    if (form && target.type !== "file") changed(form);
  });
  document.addEventListener("change", ({ target }) => {
    const form = owner(target);
    if (form && target.type !== "file") changed(form, target.matches("[type=radio], [type=checkbox], select") ? 0 : PAUSE);
  });
  document.addEventListener("unsent", ({ target }) => { // what was pressed could not be sent
    stateOf(target).held = false;
    if (stateOf(target).dirty) later(target, stateOf(target));
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) forms().forEach((form) => { stateOf(form).stopped = stateOf(form).held = false; });
  });
  document.addEventListener("line-back", () => forms().forEach(save));
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden) forms().forEach(save);
    else if (forms().some((form) => stateOf(form).stopped && stateOf(form).dirty) && (await probe(true)) === "here") {
      forms().forEach((form) => { stateOf(form).stopped = false; });
      forms().forEach(save);
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const form of forms()) {
      if (!restore(form)) continue;
      tell(form, word("restored"));
      changed(form, 0);
    }
  });

  return {
    idle(form) { // no more saving by itself until it is freed, and what is under way has come to its end
      stateOf(form).held = true;
      clearTimeout(stateOf(form).timer);
      return stateOf(form).idle;
    },
    given(form) { // away, into other hands, which send it: who leaves the page now saves nothing beside them
      clearTimeout(stateOf(form).timer);
      Object.assign(stateOf(form), { dirty: false, stopped: true });
    },
    free(form) { stateOf(form).held = false; },
    open: (form) => stateOf(form).dirty || stateOf(form).busy,
  };
})();
