// Copies a text: data-copy names where it stands. The button says that it is done.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    const source = button && document.querySelector(button.dataset.copy);
    if (!source) return;
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    if (button.dataset.done) button.lastChild.textContent = button.dataset.done;
  });
})();
