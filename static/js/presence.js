// An open page says every half minute that its person is here, as long as they are: seen, or heard of lately.
(() => {
  "use strict";
  const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "focusin"];
  const EVERY = 30_000;
  const LATELY = 10 * 60_000;
  let alive = performance.now();
  let said = performance.now();

  const say = () => {
    const now = performance.now();
    if (now - alive > LATELY || now - said < EVERY) return;
    said = now;
    document.getElementById("presence")?.dispatchEvent(new Event("rq:here"));
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const sign of SIGNS) {
      document.addEventListener(sign, () => { alive = performance.now(); }, { passive: true });
    }
    setInterval(say, 5000);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") alive = performance.now();
      say();
    });
  });
})();
