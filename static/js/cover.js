// Covers over hurting words (templates/components/covered.html): who would rather have none opens them for good.
(() => {
  "use strict";
  const OFF = "reviewqueue.covers-off";
  const isOff = () => localStorage.getItem(OFF) === "1";

  const lift = () => {
    const box = document.getElementById("covers-on");
    if (box) box.checked = !isOff();
    if (isOff()) for (const cover of document.querySelectorAll(".cover")) cover.open = true;
  };

  document.addEventListener("change", ({ target }) => {
    if (target.id !== "covers-on") return;
    localStorage.setItem(OFF, target.checked ? "0" : "1");
    for (const cover of document.querySelectorAll(".cover")) cover.open = isOff();
  });
  document.addEventListener("DOMContentLoaded", lift);
  document.addEventListener("rq:turn", lift);
})();
