// Counts down to a deadline: data-left are the seconds when the server drew it, data-passed the words afterwards.
(() => {
  "use strict";
  const ends = new WeakMap();

  const words = (left) => `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;

  const tick = () => {
    for (const one of document.querySelectorAll("[data-left]")) {
      if (!ends.has(one)) ends.set(one, performance.now() + Number(one.dataset.left) * 1000);
      const left = Math.ceil((ends.get(one) - performance.now()) / 1000);
      const now = left > 0 ? words(left) : one.dataset.passed;
      if (one.textContent !== now) one.textContent = now;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    tick();
    setInterval(tick, 500);
  });
})();
