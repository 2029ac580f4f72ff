// Score sheets by keyboard: digits mark the criterion that has the focus (and only it), Enter goes on to the next one,
// Ctrl+Enter presses the main button, "?" lists the keys. The running total is a help; the server counts for itself.
(() => {
  const root = document.documentElement;
  const radios = (criterion) => [...criterion.querySelectorAll("input[type=radio]")];
  let typed = { digits: "", criterion: null, at: 0 };

  // "1" then "0" is ten, as long as both are meant for the same criterion and there is such a mark.
  function mark(criterion, digit) {
    const byValue = (value) => radios(criterion).find((radio) => radio.value === value);
    const goesOn = typed.criterion === criterion && Date.now() - typed.at < 700;
    const longer = goesOn ? typed.digits + digit : digit;
    const radio = byValue(longer) ?? byValue(digit);
    typed = { digits: byValue(longer) ? longer : digit, criterion, at: Date.now() };
    if (!radio) return false;
    radio.focus();
    if (!radio.checked) radio.click();
    return true;
  }

  // Enter on a mark goes on to the next criterion, and after the last one to the comment; it hands nothing in.
  function goOn(criterion) {
    const form = criterion.closest("form");
    const all = [...form.querySelectorAll("[data-criterion]")];
    const next = all[all.indexOf(criterion) + 1];
    const marks = next ? radios(next) : [];
    (marks.find((radio) => radio.checked) ?? marks[0] ?? form.querySelector("textarea"))?.focus();
  }

  // Weighted mean of the marked criteria, or their weighted sum with data-total="sum". A blank is not a zero.
  function count(form) {
    const all = [...form.querySelectorAll("[data-criterion]")];
    let sum = 0;
    let weights = 0;
    let marked = 0;
    for (const criterion of all) {
      const chosen = radios(criterion).find((radio) => radio.checked);
      const clear = criterion.querySelector("[data-clear]");
      if (clear) clear.hidden = !chosen;
      if (!chosen || !Number.isFinite(Number(chosen.value))) continue;
      const weight = Number(criterion.dataset.weight || 1);
      sum += weight * Number(chosen.value);
      weights += weight;
      marked += 1;
    }
    const total = form.querySelector("[data-total]");
    const spoken = (n) => n.toLocaleString(root.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    if (total) total.textContent = marked ? spoken(total.dataset.total === "sum" ? sum : sum / weights) : "–";
    const filled = form.querySelector("[data-filled]");
    if (filled) filled.textContent = filled.dataset.filled.replace("{n}", marked).replace("{all}", all.length);
  }
  const countAll = () => document.querySelectorAll("form:has([data-criterion])").forEach(count);

  const writes = (element) => element.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button])");
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = target.form ?? target.closest?.("form");
      const button = form?.querySelector("button.button--primary:not([type=button])");
      if (!button) return;
      event.preventDefault();
      form.requestSubmit(button);
    } else if (event.ctrlKey || event.metaKey || event.altKey || writes(target) || root.dataset.keys === "none") {
      return;
    } else if (/^\d$/.test(key)) {
      const criterion = target.closest?.("[data-criterion]");
      if (criterion && mark(criterion, key)) event.preventDefault();
    } else if (key === "Enter" && target.matches?.("[data-criterion] [type=radio]")) {
      event.preventDefault();
      goOn(target.closest("[data-criterion]"));
    } else if (key === "?") {
      const keys = document.getElementById("keys-here") ?? document.getElementById("keys");
      if (!document.querySelector("dialog[open]")) keys?.showModal();
    }
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-clear]");
    if (!button) return;
    const criterion = button.closest("[data-criterion]");
    const chosen = radios(criterion).find((radio) => radio.checked);
    if (!chosen) return;
    chosen.checked = false;
    chosen.focus();
    chosen.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("form");
    if (form && target.closest("[data-criterion]")) count(form);
  });
  document.addEventListener("autosaved", ({ detail: { state } }) => { // a mark taken away makes a draft: tag and buttons say so
    document.querySelectorAll("[data-when]").forEach((part) => { part.hidden = !part.dataset.when.includes(state); });
  });
  document.addEventListener("restored", ({ target }) => count(target));
  document.addEventListener("htmx:after:settle", countAll);
  document.addEventListener("DOMContentLoaded", countAll);
})();
