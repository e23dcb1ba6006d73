// The pages work without this file. It adds copy buttons, and looks again while an eSIM is being prepared.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const status = document.querySelector("[data-copied]");
    status.textContent = "";
    requestAnimationFrame(() => { status.textContent = status.dataset.copied; });
  });
}

for (const text of document.querySelectorAll(".needs-js")) text.hidden = false;

const waiting = document.querySelector("[data-poll]");
if (waiting) {
  let pause = 3000;
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.poll, { cache: "no-store" });
      if (answer.ok && (await answer.json()).state !== waiting.dataset.state) {
        location.reload();
        return;
      }
    } catch {
      // Offline for a moment: the next look may succeed.
    }
    pause = Math.min(pause * 1.2, 30000);
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
}
