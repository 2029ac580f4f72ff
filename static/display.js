// Applies the display settings before the first paint: the only script that the page waits for.
(() => {
  const root = document.documentElement;
  const names = ["theme", "text", "spacing", "motion", "keys"];
  const apply = (chosen) => names.forEach((name) => {
    if (chosen[name]) root.dataset[name] = chosen[name];
    else delete root.dataset[name];
  });
  let chosen = {};
  try {
    chosen = JSON.parse(localStorage.getItem("display")) ?? {};
  } catch { /* storage is closed or spoilt: the page looks as the system says */ }
  root.classList.add("js");
  apply(chosen);

  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("[data-display] input")) {
      input.checked = input.value === (chosen[input.name] ?? "");
    }
  });
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("[data-display]");
    if (!form) return;
    chosen = Object.fromEntries(new FormData(form));
    apply(chosen);
    try {
      localStorage.setItem("display", JSON.stringify(chosen));
    } catch { /* a choice for this page only */ }
  });
})();
