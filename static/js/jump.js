// On phones: the tab of the part in view is the current one.
(() => {
  "use strict";
  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const tabs = [...wb.querySelectorAll(".jump a")];
    if (!tabs.length) return;
    const mark = (id) => {
      for (const tab of tabs) {
        if (tab.hash === `#${id}`) tab.setAttribute("aria-current", "true");
        else tab.removeAttribute("aria-current");
      }
    };
    const watch = new IntersectionObserver((seen) => {
      const top = seen.find((one) => one.isIntersecting);
      if (top) mark(top.target.id);
    }, { rootMargin: "-96px 0px -75% 0px" });
    for (const tab of tabs) watch.observe(wb.querySelector(tab.hash));
    signal.addEventListener("abort", () => watch.disconnect());
  });
})();
