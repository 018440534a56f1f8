// The fields of an object: what a fact was is shown once it is changed, and the JSON below follows the fields,
// so that whoever goes on there begins with what was typed. Without this the fields work all the same.
(() => {
  "use strict";

  const steps = (pointer) => pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

  const put = (whole, pointer, value) => {
    const way = steps(pointer);
    const last = way.pop();
    const inside = way.reduce((here, step) => here?.[step], whole);
    if (inside && typeof inside === "object") inside[last] = value;
  };

  // the server reads the fields by the declared types; this is what the JSON shows until then
  const meant = (input, before) => {
    if (input.matches("select")) return input.value ? JSON.parse(input.value) : null;
    if (!input.value && (before === null || before === undefined)) return before;
    const number = Number(input.value);
    return input.inputMode === "decimal" && input.value.trim() && Number.isFinite(number) ? number : input.value;
  };

  const at = (whole, pointer) => steps(pointer).reduce((here, step) => here?.[step], whole);

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const editor = wb.querySelector(".facts-editor");
    const json = editor?.querySelector("textarea.json");
    if (!json || !editor.querySelector(".fields")) return;
    const asJson = editor.querySelector("[name=as_json]");
    let original;
    try {
      original = JSON.parse(json.defaultValue);
    } catch {
      original = null;
    }

    const show = (field) => {
      const input = field.querySelector("input, select, textarea");
      const changed = input.value !== field.dataset.was;
      field.classList.toggle("changed", changed);
      const was = field.querySelector(".was");
      was.hidden = !changed || !field.dataset.was;
      was.querySelector("del").textContent = field.dataset.was;
    };

    const follow = () => {
      if (!original || asJson.checked) return;
      const whole = structuredClone(original);
      for (const field of editor.querySelectorAll(".fields .field.changed")) {
        const input = field.querySelector("input, select, textarea");
        const pointer = input.name.replace(/^f:/, "");
        put(whole, pointer, meant(input, at(original, pointer)));
      }
      json.value = JSON.stringify(whole, null, 2);
    };

    const rest = () => editor.classList.toggle("by-json", asJson.checked);

    editor.addEventListener("input", (event) => {
      const field = event.target.closest(".fields .field");
      if (!field) return;
      show(field);
      follow();
    }, { signal });
    asJson.addEventListener("change", rest, { signal });
    for (const field of editor.querySelectorAll(".fields .field")) show(field);
    editor.classList.add("live");
    rest();
    editor.querySelector("[aria-invalid]")?.focus();
  });
})();
