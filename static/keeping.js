// Keeping: what is typed into a form lies on this device until the server has it, whatever happens to the line, the
// server, the session or the tab. It lies there sealed with a key that only pages of the same person hold, so that who
// signs in after him at the same computer can't read it; signing out takes it away, and so do two weeks. Who said at
// sign-in that others use the computer too gets no key, and nothing lies there.
//
// A form that is sent carries a mark (`_sent`). Where the server has done what was asked it says so with a cookie of the
// same name, and the kept text goes. A page that answers the sending itself (a fault to mend, two texts) names the mark
// in <body data-answers>: its form shows the text already.
window.keeping = (() => {
  const LASTS = 14 * 24 * 3600 * 1000;
  const RETRY = [2000, 5000, 15000, 30000];
  const ASIDE = new Set(["_csrf", "_sent", "version", "revision", "confirmed"]);
  const { viewer = "", seal: sealKey = "", answers = "" } = document.body?.dataset ?? {};
  const holds = sealKey !== "";
  const states = new WeakMap();
  const wordsOf = (id) => document.getElementById(id)?.dataset ?? {};
  const word = (name) => wordsOf("words-here")[name] ?? wordsOf("words")[name] ?? "";
  const random = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))];

  // --- Sealing (ChaCha20, RFC 8439) ---------------------------------------------------------------------------------
  const key = new Uint8Array(32);
  [...atob(sealKey.replaceAll("-", "+").replaceAll("_", "/"))].forEach((sign, at) => { key[at] = sign.charCodeAt(0); });
  const QUARTERS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
    [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
  function step(x, a, b, d, turn) {
    x[a] += x[b];
    const mixed = x[d] ^ x[a];
    x[d] = (mixed << turn) | (mixed >>> (32 - turn));
  }
  function chacha(secret, nonce, bytes, counter = 0) {
    const start = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
      ...new Uint32Array(secret.buffer), counter, ...new Uint32Array(nonce.buffer));
    const out = new Uint8Array(bytes);
    for (let at = 0; at < out.length; at += 64) {
      const x = start.slice();
      for (let round = 0; round < 10; round += 1) {
        for (const [a, b, c, d] of QUARTERS) {
          step(x, a, b, d, 16);
          step(x, c, d, b, 12);
          step(x, a, b, d, 8);
          step(x, c, d, b, 7);
        }
      }
      const block = new Uint8Array(x.map((value, place) => value + start[place]).buffer);
      for (let place = 0; place < 64 && at + place < out.length; place += 1) out[at + place] ^= block[place];
      start[12] += 1;
    }
    return out;
  }
  const toText = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const toBytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  function seal(value) {
    const nonce = Uint8Array.from(random(12));
    return `${toText(nonce)}.${toText(chacha(key, nonce, new TextEncoder().encode(JSON.stringify(value))))}`;
  }
  function unseal(text) {
    const [nonce, rest] = text.split(".").map(toBytes);
    return JSON.parse(new TextDecoder().decode(chacha(key, nonce, rest)));
  }

  // --- The device's storage -----------------------------------------------------------------------------------------
  const storage = (work) => {
    try {
      return work(localStorage);
    } catch { // closed, full or spoilt: the warning on leaving still protects
      return null;
    }
  };
  const place = (id) => `kept:${viewer}:${id}`;
  const all = (store) => Object.keys(store).filter((name) => name.startsWith("kept:"));
  const write = (id, value) => holds && storage((store) => store.setItem(place(id), `${Date.now() + LASTS}.${seal(value)}`));
  const read = (id) => (holds ? storage : () => null)((store) => {
    const text = store.getItem(place(id));
    return text && unseal(text.slice(text.indexOf(".") + 1));
  });
  const drop = (id) => storage((store) => store.removeItem(place(id)));
  const own = (store) => all(store).filter((name) => name.startsWith(`kept:${viewer}:`));
  function tidy() {
    storage((store) => all(store).forEach((name) => {
      if (!(parseInt(store.getItem(name), 10) > Date.now())) store.removeItem(name);
    }));
    const done = document.cookie.match(/(?:^|; )sent=([\w-]+)/)?.[1];
    if (!done || !viewer) return;
    document.cookie = "sent=; path=/; max-age=0; samesite=lax";
    storage((store) => own(store).forEach((name) => {
      const id = name.slice(place("").length);
      if (read(id)?.mark === done) drop(id);
    }));
  }

  // Rounds of a jury that work without a network (offline.js): whoever signs out takes his away, and nobody's page stays
  // when somebody else has signed in. What he wrote stays sealed.
  const waiting = () => Number(storage((store) => store.getItem(`waiting:${viewer}`))) || 0;
  function forgetRounds(who) {
    window.caches?.delete(`jury:${who}`);
    window.indexedDB?.deleteDatabase(`jury:${who}`);
    storage((store) => store.removeItem(`waiting:${who}`));
  }
  async function forgetOthers() {
    const left = storage((store) => store.getItem("left"));
    if (left) {
      if (left !== viewer) forgetRounds(left);
      storage((store) => store.removeItem("left"));
    }
    if (!viewer || !window.caches) return;
    const names = (await caches.keys()).filter((name) => name.startsWith("jury:") && name !== `jury:${viewer}`);
    names.forEach((name) => caches.delete(name));
  }
  document.addEventListener("click", ({ target }) => {
    const leaving = target.closest?.("[data-forget]");
    if (leaving && waiting()) leaving.dataset.confirm = word("leaving");
  }, true);

  // --- Forms --------------------------------------------------------------------------------------------------------
  const WRITTEN = "textarea, select, input:not([type=hidden], [type=file], [type=password], [type=submit], [type=button])";
  const TYPED = "textarea, input:not([type]), [type=text], [type=email], [type=url], [type=date], [type=datetime-local], [type=number], [type=search], [type=tel]";
  const controls = (form) => [...form.elements];
  const attribute = (form, name) => form.getAttribute(name) ?? "";
  function keeps(form) {
    return Boolean(viewer) && form?.matches?.("form") && attribute(form, "method").toLowerCase() === "post"
      && !("unkept" in form.dataset) && !form.closest("header, dialog") && !form.hasAttribute("hx-post")
      && controls(form).some((field) => field.matches(TYPED)) && !controls(form).some((field) => field.type === "password");
  }
  const forms = () => [...document.forms].filter(keeps);
  function stateOf(form) {
    if (!states.has(form)) states.set(form, { base: null, sending: false, leaving: false, unsent: false });
    return states.get(form);
  }
  const versionOf = (form) => controls(form).find((field) => field.name === "version");
  function idOf(form) {
    const hidden = controls(form).filter((field) => field.type === "hidden" && field.name && !ASIDE.has(field.name));
    const alone = hidden.filter((field) => hidden.filter(({ name }) => name === field.name).length === 1);
    const address = new URL(attribute(form, "action") || location.href, location.href).pathname;
    return [address, ...alone.map(({ name, value }) => `${name}=${value}`)].join(" ");
  }
  function fieldsOf(form) {
    return controls(form).filter((field) => field.name && field.matches(WRITTEN))
      .filter((field) => !/^(checkbox|radio)$/.test(field.type) || field.checked).map(({ name, value }) => [name, value]);
  }
  const filled = (fields) => JSON.stringify(fields.filter(([, value]) => value !== ""));
  const changed = (form) => filled(fieldsOf(form)) !== (stateOf(form).base ?? filled(fieldsOf(form)));

  function keep(form, more = {}) {
    const version = stateOf(form).version ?? versionOf(form)?.value ?? "";
    write(idOf(form), { fields: fieldsOf(form), version, ...more });
  }
  const forget = (form) => drop(idOf(form));

  function lineOf(form) {
    return form.querySelector("[data-autosave-status]")
      ?? document.querySelector(`[data-autosave-status="${CSS.escape(form.id)}"]`) ?? madeLine(form);
  }
  function madeLine(form) {
    const line = Object.assign(document.createElement("p"), { className: "saved" });
    line.setAttribute("role", "status");
    line.dataset.autosaveStatus = "";
    const last = [...form.querySelectorAll(".actions, button[type=submit]")].at(-1);
    if (last) last.before(line); else form.append(line);
    return line;
  }
  function tell(form, text, fault = false, link = null) {
    const line = lineOf(form);
    line.textContent = text;
    line.dataset.fresh = ""; // about what was typed on this page: kept in view
    line.classList.toggle("saved--fault", fault);
    if (!link) return;
    const more = link.href
      ? Object.assign(document.createElement("a"), { href: link.href, textContent: link.text, target: holds ? "" : "_blank" })
      : Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet button--small", textContent: link.text });
    more.addEventListener("click", () => { stateOf(form).leaving = holds; link.press?.(); });
    line.append(" ", more);
  }
  const signedOut = (form) => tell(form, word("signedOut"), true, {
    href: `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, text: word("signIn"),
  });

  // Repeated groups get as many rows as were typed; rows that were taken out before become blank.
  function makeRoom(form, values) {
    for (const group of form.querySelectorAll("[data-repeat]")) {
      const typed = values.get(group.querySelector("[data-row] [name]")?.name)?.length ?? 0;
      const template = group.querySelector("template");
      for (let rows = group.querySelectorAll("[data-row]").length; template && rows < typed; rows += 1) {
        template.insertAdjacentHTML("beforebegin", template.innerHTML.replaceAll("__n__", `kept-${rows}`));
      }
    }
  }
  function put(form, fields) {
    const values = new Map();
    for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
    makeRoom(form, values);
    for (const field of controls(form).filter((each) => each.name && each.matches(WRITTEN))) {
      const given = values.get(field.name);
      if (field.type === "checkbox" || field.type === "radio") field.checked = given?.includes(field.value) ?? false;
      else if (given) field.value = given.shift() ?? "";
    }
    for (let fold = form.closest("details") ?? form.querySelector("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
    for (const field of controls(form).filter((each) => each.form !== each.closest("form"))) {
      const fold = field.closest("details");
      if (fold) fold.open = true;
    }
  }
  function restore(form) {
    const state = stateOf(form);
    state.base ??= filled(fieldsOf(form));
    const kept = read(idOf(form));
    const version = versionOf(form);
    if (!kept) return null;
    // The server has drawn what was typed, and has not taken it. It stays with the version that it was written upon: who
    // leaves a page of two texts finds both again.
    if (answers && kept.mark === answers) {
      Object.assign(state, { base: "", version: kept.version });
      return null;
    }
    if (filled(kept.fields) === state.base) {
      forget(form);
      return null;
    }
    put(form, kept.fields);
    if (version) version.value = kept.version;
    if (!("autosave" in form.dataset)) {
      tell(form, word("back"), false, { text: word("drop"), press: () => { forget(form); location.reload(); } });
    }
    form.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
    return kept;
  }

  // --- The line to the server ---------------------------------------------------------------------------------------
  let tries = 0;
  let timer = 0;
  let pressed = null; // what was to be sent when the line was gone
  let asked = { at: 0, answer: "" };
  function bar(shown) {
    const strip = document.getElementById("offline");
    if (strip) strip.hidden = !shown;
  }
  // "here", "away" (no line, or nobody answers), "out" (the session has ended), "other" (somebody else is signed in)
  async function probe(fresh = false) {
    if (!fresh && asked.answer === "here" && Date.now() - asked.at < 2000) return "here";
    asked = { at: Date.now(), answer: await probed() };
    if (asked.answer === "away") lost(); else found();
    return asked.answer;
  }
  async function probed() {
    try {
      const answer = await fetch("/session", { cache: "no-store", signal: AbortSignal.timeout?.(10000) });
      if (answer.status === 401) return "out";
      if (!answer.ok) return answer.status >= 500 ? "away" : "here";
      const now = await answer.json();
      if (now.viewer !== viewer) return "other";
      document.querySelectorAll("input[name=_csrf]").forEach((field) => { field.value = now.csrf; });
      return "here";
    } catch {
      return "away";
    }
  }
  function lost() {
    bar(true);
    clearTimeout(timer);
    timer = setTimeout(() => probe(true), RETRY[Math.min(tries, RETRY.length - 1)]);
    tries += 1;
  }
  function found() {
    const again = tries > 0 || !(document.getElementById("offline")?.hidden ?? true);
    tries = 0;
    clearTimeout(timer);
    bar(false);
    if (!again || asked.answer !== "here") return;
    document.dispatchEvent(new CustomEvent("line-back"));
    const waiting = pressed;
    pressed = null;
    if (waiting?.form.isConnected) send(waiting.form, waiting.button);
  }

  function carry(form, name, value) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    field.dataset.carried = "";
    form.append(field);
  }
  function uncarry(form) {
    form.querySelectorAll("[data-carried]").forEach((field) => field.remove());
  }
  async function send(form, button) {
    const state = stateOf(form);
    if (state.sending) return;
    state.sending = true;
    await window.autosaving?.idle(form); // so as not to clash with itself
    const before = form.querySelector("input[name=_sent]:not([data-carried])")?.value; // of a page that only asks for the password
    const mark = before || random(9).map((byte) => byte.toString(36)).join("");
    keep(form, { mark });
    const answer = await probe();
    state.sending = false;
    if (answer === "here") {
      Object.assign(state, { leaving: true, unsent: false });
      if (!before) carry(form, "_sent", mark);
      if (button?.name) carry(form, button.name, button.value);
      HTMLFormElement.prototype.submit.call(form); // every listener has seen the press already
      return;
    }
    state.unsent = true;
    const more = { bubbles: true, cancelable: true, detail: { button, answer } };
    if (!form.dispatchEvent(new CustomEvent("unsent", more))) return; // somebody else takes care of it
    if (answer === "out") signedOut(form);
    else if (answer === "other") tell(form, word("other"), true);
    else {
      pressed = { form, button };
      tell(form, word("unsent"), true);
    }
  }

  // --- What happens on a page ---------------------------------------------------------------------------------------
  const formOf = (target) => target.form ?? target.closest?.("form"); // a field may stand outside of its form
  function typed({ target }) {
    const form = formOf(target);
    if (!keeps(form) || target.type === "file") return;
    if (pressed?.form === form) pressed = null;
    stateOf(form).leaving = false;
    if (changed(form)) keep(form); else forget(form);
  }
  document.addEventListener("focusin", ({ target: { form } }) => {
    if (keeps(form)) stateOf(form).base ??= filled(fieldsOf(form));
  });
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);
  document.addEventListener("click", ({ target }) => { // a link that lets go of what was typed
    const link = target.closest?.("a[data-drop]");
    const form = link?.closest("form");
    if (!link) return;
    drop(link.dataset.drop || idOf(form));
    if (form) stateOf(form).leaving = true;
  });
  document.addEventListener("submit", ({ target }) => {
    if (!target.matches("[data-forget]")) return;
    storage((store) => own(store).forEach((name) => store.removeItem(name)));
    storage((store) => store.setItem("left", viewer));
    forgetRounds(viewer);
  });
  window.addEventListener("submit", (event) => { // on the window: the last to hear of it
    if (event.defaultPrevented || !keeps(event.target)) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  function stays(form) { // it may be pressed again
    uncarry(form);
    form.dispatchEvent(new CustomEvent("unsent", { bubbles: true }));
  }
  window.addEventListener("beforeunload", (event) => {
    const open = forms().some((form) => !stateOf(form).leaving
      && ("autosave" in form.dataset ? window.autosaving?.open(form) : changed(form)));
    if (open) event.preventDefault();
    forms().filter((form) => stateOf(form).leaving).forEach((form) => {
      stateOf(form).leaving = false;
      if (open) setTimeout(stays, 0, form);
    });
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    tidy();
    forms().forEach((form) => {
      uncarry(form);
      stateOf(form).sending = false;
    });
  });
  window.addEventListener("offline", () => { if (forms().length) lost(); });
  window.addEventListener("online", () => probe(true));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (tries || forms().some((form) => stateOf(form).unsent))) probe(true);
  });
  tidy();
  forgetOthers().catch(() => {});
  document.addEventListener("DOMContentLoaded", () => forms().filter((form) => !("autosave" in form.dataset)).forEach(restore));

  const leave = (form) => { stateOf(form).leaving = true; };
  return { chacha, changed, formOf, forget, holds, keep, leave, probe, lost, restore, seal, signedOut, tell, unseal, versionOf, viewer, word };
})();
