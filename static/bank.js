// The remark bank in text areas with data-bank: a slash at the beginning of a word opens a list of phrases under the
// field, typing on filters it, arrows choose, Enter or a click inserts, Escape closes. The focus stays in the field;
// aria-activedescendant says which phrase is meant. The phrases stand on the page, in #bank.
(() => {
  const START = /(^|[\s(«"])\/([^\n/]{0,40})$/;
  const words = () => document.getElementById("bank-words")?.dataset ?? {};
  const phrases = () => [...document.querySelectorAll("#bank [data-phrase]")].map((each) => each.textContent);
  let open = null; // {area, box, list, found, at, from}
  let last = null; // the field written in last

  const said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  document.addEventListener("DOMContentLoaded", () => document.body.append(said));

  function close() {
    if (!open) return;
    const { area, list } = open;
    for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) area.removeAttribute(name);
    list.remove();
    open = null;
  }
  function boxed(area) {
    if (area.parentElement.matches(".bank-box")) return area.parentElement;
    const box = Object.assign(document.createElement("div"), { className: "bank-box" });
    area.before(box);
    const { selectionStart, selectionEnd } = area;
    const focused = document.activeElement === area;
    box.append(area);
    if (focused) area.focus();
    area.setSelectionRange(selectionStart, selectionEnd);
    return box;
  }
  function choose(at) {
    open.at = (at + open.found.length) % open.found.length;
    [...open.list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === open.at)));
    open.area.setAttribute("aria-activedescendant", `bank-option-${open.at}`);
    open.list.children[open.at].scrollIntoView({ block: "nearest" });
  }
  function show(area, from, typed) {
    const wanted = typed.trim().toLocaleLowerCase();
    const found = phrases().filter((phrase) => phrase.toLocaleLowerCase().includes(wanted)).slice(0, 50);
    if (!found.length) {
      if (open) said.textContent = words().none ?? "";
      close();
      return;
    }
    if (open && open.area !== area) close();
    if (!open) {
      const list = Object.assign(document.createElement("ul"), { className: "bank-list", id: "bank-list" });
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", words().list ?? "");
      boxed(area).append(list);
      area.setAttribute("aria-autocomplete", "list");
      area.setAttribute("aria-controls", list.id);
      open = { area, list };
    }
    Object.assign(open, { found, from });
    open.list.replaceChildren(...found.map((phrase, place) => {
      const option = Object.assign(document.createElement("li"), { id: `bank-option-${place}`, textContent: phrase });
      option.setAttribute("role", "option");
      return option;
    }));
    said.textContent = (words().one ?? "").replace("{n}", found.length);
    choose(0);
  }
  function look(area) {
    const before = area.value.slice(0, area.selectionStart);
    const match = area.selectionStart === area.selectionEnd && START.exec(before);
    if (match) show(area, before.length - match[2].length - 1, match[2]);
    else close();
  }
  function put(area, from, to, text) {
    area.focus();
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function insert(at) {
    const { area, from, found } = open;
    const text = found[at];
    close();
    put(area, from, area.selectionStart, text);
    close();
  }

  document.addEventListener("input", ({ target }) => { if (target.matches?.("textarea[data-bank]")) look(target); });
  document.addEventListener("focusin", ({ target }) => { if (target.matches?.("textarea[data-bank]")) last = target; });
  document.addEventListener("focusout", ({ target }) => { if (open?.area === target) setTimeout(() => { if (document.activeElement !== target) close(); }, 150); });
  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== open.area || event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (steps[event.key]) choose(open.at + steps[event.key]);
    else if (event.key === "Enter") {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      insert(open.at);
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  // The press must not take the focus out of the field.
  document.addEventListener("mousedown", (event) => { if (event.target.closest?.("#bank-list")) event.preventDefault(); });
  document.addEventListener("click", ({ target }) => {
    const option = target.closest?.("#bank-list [role=option]");
    if (option && open) {
      insert([...open.list.children].indexOf(option));
      return;
    }
    const button = target.closest?.("[data-insert]");
    if (!button) return;
    const area = last?.isConnected && last.checkVisibility() ? last : document.getElementById("remark-at-");
    const fold = area.closest("details");
    if (fold) fold.open = true;
    const space = area.value && !/\s$/.test(area.value.slice(0, area.selectionStart)) ? " " : "";
    put(area, area.selectionStart, area.selectionEnd, space + button.closest("li").querySelector("[data-phrase]").textContent);
  });
})();
