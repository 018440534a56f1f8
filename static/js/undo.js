// The undo strip counts down in words; when the time has passed the outcome is out and the button goes.
(() => {
  "use strict";
  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const strip = wb.querySelector("#undo");
    if (!strip) return;
    const ends = performance.now() + Number(strip.dataset.seconds) * 1000;
    const words = strip.querySelector(".words");

    const tick = () => {
      const left = Math.ceil((ends - performance.now()) / 1000);
      if (left > 0) return void (words.textContent = strip.dataset.waiting.replace("{n}", left));
      clearInterval(clock);
      words.textContent = strip.dataset.gone;
      strip.querySelector("form").remove();
    };
    const clock = setInterval(tick, 250);
    signal.addEventListener("abort", () => clearInterval(clock));
    tick();
  });
})();
