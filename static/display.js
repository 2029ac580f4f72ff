// Applies the display settings before the first paint: the only script that the page waits for. They are kept in the
// cookie `display`, from which the server writes them into the page for browsers without scripts, and in the account.
(() => {
  const root = document.documentElement;
  const names = ["theme", "text", "spacing", "motion", "keys"];
  const apply = (chosen) => names.forEach((name) => {
    if (chosen[name]) root.dataset[name] = chosen[name];
    else delete root.dataset[name];
  });
  const kept = /(?:^|; )display=([a-z0-9.-]*)/.exec(document.cookie)?.[1];
  let chosen = Object.fromEntries((kept ?? "").split(".").map((pair) => pair.split("-")));
  root.classList.add("js");
  if (kept !== undefined) apply(chosen);

  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("[data-display] input[type=radio]")) {
      input.checked = input.value === (chosen[input.name] ?? "");
    }
  });
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("[data-display]");
    if (!form) return;
    chosen = Object.fromEntries(names.map((name) => [name, new FormData(form).get(name)]).filter((pair) => pair[1]));
    apply(chosen);
    const text = Object.entries(chosen).map((pair) => pair.join("-")).join(".");
    document.cookie = `display=${text}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    if (!document.body.dataset.viewer) return;
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
    fetch("/display", {
      method: "POST", keepalive: true, body: new URLSearchParams(chosen),
      headers: { "X-CSRF-Token": token, "X-Autosave": "1" },
    }).catch(() => { /* kept in the cookie; the account hears of the next change */ });
  });
})();
