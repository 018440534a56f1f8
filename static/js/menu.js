// The person's menu closes when one clicks or tabs out of it; contents that float, when one has chosen a place.
(() => {
  "use strict";
  const close = (event) => {
    for (const menu of document.querySelectorAll(".me[open]")) if (!menu.contains(event.target)) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    event.target.closest?.("[popover]:popover-open a[href^='#']")?.closest("[popover]").hidePopover();
  });
  document.addEventListener("pointerdown", close);
  document.addEventListener("focusin", close);
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".me[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
