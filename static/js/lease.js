// The lease renews itself while the person is there; a timer appears only for its last minute.
(() => {
  "use strict";
  const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "focusin"];

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const strip = wb.querySelector("#lease");
    if (!strip) return;
    const whole = Number(wb.dataset.lease) * 1000;
    let ends = performance.now() + whole;
    let renewed = performance.now();
    let asked = 0;
    let active = 0;
    let seen = performance.now();
    const activeField = wb.querySelector("[name=active_ms]");

    const beat = () => {
      asked = performance.now();
      wb.dispatchEvent(new CustomEvent("rq:beat"));
    };

    // a sign of life late in the lease renews it at once
    const alive = () => {
      const now = performance.now();
      active += Math.min(now - seen, 5000);
      seen = now;
      activeField.value = String(Math.round(active));
      const old = now - renewed > Math.min(whole / 3, 60000);
      if (old && now - asked > 5000) beat();
    };

    const tick = () => {
      const left = Math.ceil((ends - performance.now()) / 1000);
      const soon = left <= Math.min(60, whole / 2000);
      strip.hidden = !soon || left <= 0;
      if (soon && left > 0) strip.querySelector("[role=timer]").textContent = strip.dataset.words.replace("{n}", left);
      // it has run out: ask once whether somebody else has it by now
      if (left === 0 && performance.now() - asked > 5000) beat();
    };

    const clock = setInterval(tick, 1000);
    signal.addEventListener("abort", () => clearInterval(clock));
    wb.addEventListener("rq:renewed", ({ detail: left }) => {
      renewed = performance.now();
      ends = renewed + left * 1000;
      tick();
    }, { signal });
    wb.addEventListener("rq:over", () => {
      clearInterval(clock);
      strip.hidden = true;
    }, { signal });
    for (const sign of SIGNS) document.addEventListener(sign, alive, { signal, passive: true });
  });
})();
