// Before the page is painted: the look this person chose. Without a choice the style sheet follows the system.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.bsTheme = chosen;
  document.documentElement.classList.add("js");
})();
