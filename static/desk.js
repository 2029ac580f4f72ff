// Keys of the queue and the desk. What a key does is written on the page: data-key on a button or link presses it, on a
// field it goes there; data-item are the rows or fields that j and k walk through. No key acts while somebody types, with
// Ctrl, Alt or Meta, while a dialog is open, or when single-key shortcuts are switched off in the display settings.
(() => {
  const root = document.documentElement;
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const typing = (element) => element.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button])");
  const shown = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  // On a Russian keyboard the key of "j" gives "о": letters are known by their place, signs by what they give.
  const letter = ({ key, code }) => (/^[a-z]$/i.test(key) ? key.toLowerCase() : /^Key[A-Z]$/.test(code) && key.length === 1 ? code[3].toLowerCase() : key);

  let here = null;
  function walk(by) {
    const items = $$("[data-item]").filter(shown);
    if (!items.length) return;
    const at = items.indexOf(here?.isConnected ? here : null);
    const next = items[Math.min(Math.max(at + by, 0), items.length - 1)];
    $$("[data-here]").forEach((item) => delete item.dataset.here);
    here = next;
    next.dataset.here = "";
    (next.querySelector("[data-open]") ?? next).focus();
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("focusin", ({ target }) => {
    const item = target.closest?.("[data-item]");
    if (!item || item === here) return;
    $$("[data-here]").forEach((each) => delete each.dataset.here);
    here = item;
    item.dataset.here = "";
  });

  function write() {
    const item = here?.isConnected ? here : $$("[data-item]").at(-1);
    const fold = item?.querySelector("[data-write]")?.closest("details");
    if (!fold) return false;
    fold.open = true;
    fold.querySelector("textarea").focus();
    return true;
  }
  function press(target) {
    if (target.matches("textarea")) {
      const button = document.querySelector("[data-return]");
      if (target.value.trim() && button) button.click();
      else target.focus();
    } else if (target.matches("summary")) {
      target.parentElement.open = true;
      target.focus();
    } else {
      target.click();
    }
  }
  const DOES = {
    j: () => walk(1),
    k: () => walk(-1),
    o: () => here?.querySelector("[data-open]")?.click(),
    x: () => here?.querySelector("input[name=pick]")?.click(),
    w: write,
    q: () => document.querySelector(".crumbs a")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (root.dataset.keys === "none" || typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = letter(event);
    const target = $$(`[data-key="${CSS.escape(key)}"]`).find((each) => shown(each) && !each.disabled);
    if (!target && (!DOES[key] || (key === "q" && document.querySelector("[data-list]")))) return;
    event.preventDefault();
    if (target) press(target);
    else DOES[key]();
  });

  // Ctrl+Enter in a field of a small form sends it, as the main button of a large one; the word to the team returns.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    const form = event.target.form;
    if (!event.target.matches?.("textarea") || !form || form.querySelector("button.button--primary")) return;
    event.preventDefault();
    const button = form.id === "decision" ? document.querySelector("[data-return]") : null;
    if (form.id !== "decision" || button) form.requestSubmit(button);
  });

  // How many rows are ticked is said beside the buttons.
  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-bulk] input[name=pick]")) return;
    const line = target.form.querySelector("[data-ticked]");
    const count = $$("input[name=pick]:checked", target.form).length;
    line.textContent = line.dataset.one.replace("{n}", count);
  });
})();
