// Small comforts over pages that work without any script. One listener for each kind of event, on the document,
// so that parts swapped in later need no setting up.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const word = (name) => $("#words")?.dataset[name] ?? "";

  // Good news in the corner; a fault is never told here. `undo` is an address that takes the change back.
  function toast({ text, undo = "" }) {
    const row = $("#toast").content.firstElementChild.cloneNode(true);
    $("span", row).textContent = text;
    if (undo) Object.assign($("form", row), { action: undo, hidden: false });
    $("#toasts").append(row);
    let end = setTimeout(() => row.remove(), 12000);
    row.addEventListener("focusin", () => clearTimeout(end));
    row.addEventListener("mouseenter", () => clearTimeout(end));
    row.addEventListener("mouseleave", () => { end = setTimeout(() => row.remove(), 5000); });
  }
  document.addEventListener("toast", ({ detail }) => toast(detail));

  // Characters left under a text area, and its height where the browser doesn't do it itself.
  const grows = window.CSS?.supports("field-sizing", "content");
  function measure(area) {
    const limit = Number(area.dataset.max);
    const counter = limit && $(`#${CSS.escape(area.id)}-count`);
    if (counter && area.value) {
      const left = limit - [...area.value].length;
      counter.textContent = word(left < 0 ? "over" : "left").replace("{n}", Math.abs(left).toLocaleString(document.documentElement.lang));
      counter.classList.toggle("counter--over", left < 0);
    }
    if (!grows && "grow" in area.dataset) {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    }
  }

  // "Fill this in." thrice says little: each line of the summary names its field.
  function name(errors) {
    for (const link of $$("li:not([data-named]) > a:only-child[href^='#']", errors)) {
      const field = document.getElementById(link.hash.slice(1));
      const label = (field?.type === "radio" ? null : field?.labels?.[0]) ?? field?.closest("fieldset")?.querySelector("legend");
      const words = label && [...label.childNodes].find((part) => part.nodeType === Node.TEXT_NODE && part.data.trim())?.data.trim();
      if (words && link.parentElement.textContent.trim() === link.textContent) link.prepend(`${words}: `);
    }
  }

  // After a page or a part has come: what needs a first look.
  function settle(root) {
    $$("textarea[data-max], textarea[data-grow]", root).forEach(measure);
    $$("[data-repeat]", root).forEach(limitRows);
    const errors = root.matches?.("[data-errors]") ? root : $("[data-errors]", root);
    if (errors) name(errors);
    errors?.focus();
  }
  document.addEventListener("DOMContentLoaded", () => {
    settle(document);
    $$(".tabs [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));
  });
  // A form that was refused is kept nowhere, so nobody could come back to it: "back" leads to the page it was sent from.
  if ("posted" in document.body.dataset && document.referrer.startsWith(`${location.origin}/`)) {
    history.replaceState(history.state, "", document.referrer);
  }

  // Who is sent on to a place further down doesn't see the good news at the top of the page.
  addEventListener("load", () => {
    const news = $(".main > .banner--success");
    if (news?.getBoundingClientRect().bottom < 0) toast({ text: news.textContent.trim() });
  });
  document.addEventListener("htmx:after:settle", ({ target, detail }) => settle(detail?.task?.target ?? target));
  document.addEventListener("input", ({ target }) => { if (target.matches("textarea")) measure(target); });

  // A question before a thing that hurts: data-confirm on a form or its button, hx-confirm for htmx. Nothing is asked as long
  // as something that the server demands (data-demanded) is blank: it refuses, and says what is missing.
  function ask(question, yes, then, otherwise = () => {}) {
    const dialog = $("#confirm");
    const button = $("[data-yes]", dialog);
    $("[data-question]", dialog).textContent = question;
    button.textContent = yes || button.dataset.yes;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? then() : otherwise()), { once: true });
    dialog.showModal();
    $("[value=no]", dialog).focus();
  }
  const agreed = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asking = event.submitter?.dataset.confirm ? event.submitter : form;
    const blank = $$("[data-demanded]", form).some((field) => !(field.type === "checkbox" ? field.checked : field.value.trim()));
    if (!asking.dataset.confirm || blank || agreed.delete(form) || event.defaultPrevented) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asking.dataset.confirm, asking.dataset.yes, () => {
      agreed.add(form);
      form.requestSubmit(event.submitter);
    });
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    event.preventDefault();
    const { ctx, issueRequest, dropRequest } = event.detail;
    ask(ctx.confirm, ctx.sourceElement?.dataset?.yes, issueRequest, dropRequest);
  });

  // A second press on a slow line sends nothing twice.
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (Date.now() - (sent.get(event.target) ?? 0) < 3000) event.preventDefault();
    else sent.set(event.target, Date.now());
  });
  document.addEventListener("unsent", ({ target }) => sent.delete(target)); // the line was gone: it may be pressed again

  // Repeated rows.
  const rowsOf = (group) => $$("[data-row]", group);
  function limitRows(group) {
    const add = $("[data-add]", group);
    if (add) add.disabled = rowsOf(group).length >= Number(group.dataset.repeat || 100);
  }
  function addRow(group) {
    const made = $("template", group).innerHTML.replaceAll("__n__", String(Date.now() % 1e7));
    $("template", group).insertAdjacentHTML("beforebegin", made);
    limitRows(group);
    $("input, textarea, select", rowsOf(group).at(-1))?.focus();
  }
  function removeRow(row) {
    const group = row.closest("[data-repeat]");
    const form = row.closest("form");
    if (rowsOf(group).length > 1) row.remove();
    else $$("input, textarea, select", row).forEach((field) => { field.value = ""; });
    limitRows(group);
    $("[data-add]", group).focus();
    form?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    const text = field.value ?? field.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // plain http has no clipboard: select, so that Ctrl+C is enough
      field.select?.();
      document.execCommand("copy");
    }
    toast({ text: word("copied") });
  }
  function reveal(button) {
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    icon(button, shown ? "eye-off" : "eye");
  }
  function icon(button, name) {
    const use = $("use", button);
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  }

  // Live regions: while one is paused its messages wait in line, and its timers ask nothing.
  const paused = new Map(); // id of the region -> function that lets the messages through
  function pause(button) {
    const id = button.dataset.pause;
    const stopping = !paused.has(id);
    if (stopping) {
      let release;
      const gate = new Promise((resolve) => { release = resolve; });
      paused.set(id, { gate, release });
    } else {
      paused.get(id).release();
      paused.delete(id);
    }
    button.setAttribute("aria-pressed", String(stopping));
    icon(button, stopping ? "play" : "pause");
    $("span", button).textContent = word(stopping ? "resume" : "pause");
  }
  document.addEventListener("htmx:sse:before:message", ({ target, detail }) => {
    const held = paused.get(target.id);
    if (held) detail.waitUntil(held.gate);
  });
  document.addEventListener("htmx:before:request", (event) => {
    const element = event.detail?.ctx?.sourceElement;
    if (paused.has(element?.id) && /\bevery\b/.test(element.getAttribute("hx-trigger") ?? "")) event.preventDefault();
  });

  // A live region whose line is refused or cut asks four times a minute instead.
  const open = new WeakSet();
  document.addEventListener("htmx:sse:after:connection", ({ target, detail }) => { if (detail.connection?.status === 200) open.add(target); });
  for (const end of ["error", "close"]) document.addEventListener(`htmx:sse:${end}`, ({ target }) => open.delete(target));
  setInterval(() => {
    for (const region of document.hidden ? [] : $$("[hx-sse\\:connect]")) {
      if (!open.has(region) && !paused.has(region.id)) region.dispatchEvent(new Event("resync"));
    }
  }, 15000);

  document.addEventListener("click", ({ target }) => {
    for (const menu of $$("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
    const button = target.closest?.("button");
    if (!button) return;
    const { dataset } = button;
    if ("add" in dataset) addRow(button.closest("[data-repeat]"));
    else if ("remove" in dataset) removeRow(button.closest("[data-row]"));
    else if (dataset.copy) copy(button);
    else if (dataset.reveal) reveal(button);
    else if (dataset.pause) pause(button);
    else if (dataset.opens) document.getElementById(dataset.opens)?.showModal();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]") ?? $("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    $("summary", menu).focus();
  });

  // Whose session has ended, however that came, leaves no sheets of a jury behind (offline.js): they go when a page finds
  // nobody signed in and the server agrees. What he wrote and could not send stays, sealed.
  async function leaveNoRounds() {
    const kept = (await caches.keys()).filter((name) => name.startsWith("jury:"));
    if (!kept.length || (await fetch("/session", { cache: "no-store" })).status !== 401) return;
    kept.forEach((name) => caches.delete(name));
  }
  if (window.caches && !document.body.dataset.viewer) leaveNoRounds().catch(() => {});
})();
