// The fields of an object: what a fact was is shown once it is changed, and the JSON below follows the fields,
// so that whoever goes on there begins with what was typed. Without this the fields work all the same.
(() => {
  "use strict";

  const steps = (pointer) => pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

  // numbers keep their digits: between a U+0000, which no text may hold, and the quotation mark they are texts
  const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
  const numbered = (text) => JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`)));
  const dumped = (value) => JSON.stringify(value, null, 2).replace(/"\\u0000([^"]*)"/g, "$1");

  const put = (whole, pointer, value) => {
    const way = steps(pointer);
    const last = way.pop();
    const inside = way.reduce((here, step) => here?.[step], whole);
    if (inside && typeof inside === "object") inside[last] = value;
  };

  // the server reads the fields by the declared types; this is what the JSON shows until then
  const meant = (input, before) => {
    if (input.matches("select")) return input.value ? numbered(input.value) : null;
    if (!input.value && (before === null || before === undefined)) return before;
    const text = input.value.trim();
    return input.inputMode === "decimal" && NUMBER.test(text) ? `\0${text}` : input.value;
  };

  const at = (whole, pointer) => steps(pointer).reduce((here, step) => here?.[step], whole);

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const editor = wb.querySelector(".facts-editor");
    const json = editor?.querySelector("textarea.json");
    if (!json || !editor.querySelector(".fields")) return;
    const asJson = editor.querySelector("[name=as_json]");
    let original;
    try {
      original = numbered(json.defaultValue);
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
      json.value = dumped(whole);
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
