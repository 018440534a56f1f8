// The builder of rules offers the values that fit the condition chosen; without this, those of the one that was saved.
(() => {
  "use strict";

  document.addEventListener("change", ({ target }) => {
    const row = target.matches("select") && target.closest(".condition");
    if (!row) return;
    const [field] = target.value.split(".");
    const asked = target.selectedOptions[0].dataset.asks ?? "";
    row.querySelector("[name$=-value]").setAttribute("list", `values-${field}`);
    row.querySelector("[name$=-name]").setAttribute("list", `names-${asked}`);
  });
})();
