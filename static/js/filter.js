// A search field that narrows a list on the page: data-filters names the rows; Enter chooses the first that is left.
(() => {
  "use strict";
  document.addEventListener("input", (event) => {
    const rows = event.target.dataset?.filters;
    if (!rows) return;
    const wanted = event.target.value.trim().toLocaleLowerCase();
    for (const row of document.querySelectorAll(rows)) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
  document.addEventListener("keydown", (event) => {
    const rows = event.key === "Enter" && !event.ctrlKey && event.target.dataset?.filters;
    if (!rows) return;
    event.preventDefault();
    [...document.querySelectorAll(rows)].find((row) => !row.hidden)?.querySelector("input")?.click();
  });
})();
