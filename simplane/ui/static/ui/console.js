// Niceties only: every page works without this file.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
  // Ticks take no letters: keys go on working there.
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = () => document.documentElement.dataset.bsTheme || (dark() ? "dark" : "light");
  const toggleTheme = () => {
    const next = shown() === "dark" ? "light" : "dark";
    document.documentElement.dataset.bsTheme = next;
    localStorage.setItem("theme", next);
  };

  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    ($("a", next) ?? $("input, button", next))?.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const tick = () => {
    const row = rows().find((one) => one.contains(document.activeElement));
    const box = row && $("input[type=checkbox]", row);
    if (box) box.click();
  };

  let leader = 0;
  const go = (key) => {
    const link = $(`a[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
  };
  const keys = {
    "/": () => ($("[data-search]") ?? $("#search"))?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    g: () => { leader = Date.now(); },
    "?": () => $("#keys")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return undefined;
    if (Date.now() - leader < 1500 && event.key !== "g") {
      leader = 0;
      return go(event.key);
    }
    if (!keys[event.key]) return undefined;
    event.preventDefault();
    return keys[event.key]();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggle-theme]")) toggleTheme();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    // A menu closes when something else is clicked.
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const place = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(place.value ?? place.textContent.trim());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(place);
    }
  });

  // Ticks of rows belong to the form around them, or to the one they name.
  const ticks = (form) => [...form.elements].filter((box) => box.type === "checkbox" && box.closest("[data-row]"));
  const count = () => {
    document.querySelectorAll("[data-selected]").forEach((place) => {
      const ticked = ticks(place.closest("form")).filter((box) => box.checked).length;
      place.textContent = ticked ? `${ticked} selected` : "";
    });
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) ticks(event.target.form).forEach((box) => { box.checked = event.target.checked; });
    count();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "post" && !form.hasAttribute("data-again")) {
      // A double click must not send twice; the page that follows brings fresh buttons.
      setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
    }
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form button:disabled:not([data-off])").forEach((button) => { button.disabled = false; });
    count();
  });

  const trouble = (on) => { const note = $("#offline"); if (note) note.hidden = !on; };
  document.addEventListener("htmx:sendError", () => trouble(true));
  document.addEventListener("htmx:timeout", () => trouble(true));
  document.addEventListener("htmx:responseError", () => trouble(true));
  document.addEventListener("htmx:afterSwap", () => { trouble(false); count(); });
})();
