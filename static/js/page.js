// Tells the other scripts when a turn comes on screen ("rq:turn", with a signal that ends when it leaves).
// Comes first in the bundle; every script is its own closure and talks through events alone.
(() => {
  "use strict";
  let present = null;
  let stay = new AbortController();

  const look = () => {
    const wb = document.querySelector(".wb");
    if (wb === present) return;
    stay.abort();
    stay = new AbortController();
    present = wb;
    if (wb) document.dispatchEvent(new CustomEvent("rq:turn", { detail: { wb, signal: stay.signal } }));
  };

  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("htmx:afterSettle", look);
})();
