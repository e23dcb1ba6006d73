// Niceties only: every page works without this file.
(() => {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
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
})();
