// Letter keys. What a key does is said in the markup: data-key names the letter, data-focus where it leads.
// They sleep while someone types and with a modifier held; they can be switched off and remapped (WCAG 2.1.4).
(() => {
  "use strict";
  const OFF = "reviewqueue.keys-off";
  const MAP = "reviewqueue.keys";
  const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])";

  // letter of the markup -> the person's own letter, where they differ
  const own = () => {
    try {
      return JSON.parse(localStorage.getItem(MAP)) ?? {};
    } catch {
      return {};
    }
  };
  const cap = (letter) => own()[letter] ?? letter;
  const action = (pressed) => {
    const map = own();
    const moved = Object.keys(map).find((letter) => map[letter] === pressed);
    return moved ?? (pressed in map ? "" : pressed);
  };

  // give an action another key; the action that had it takes the old one
  const remap = (letter, pressed) => {
    const map = own();
    const other = action(pressed);
    if (other) map[other] = cap(letter);
    map[letter] = pressed;
    for (const one of Object.keys(map)) if (map[one] === one) delete map[one];
    localStorage.setItem(MAP, JSON.stringify(map));
  };

  const isTyping = () => Boolean(document.activeElement?.matches(TYPING));
  const isOff = () => localStorage.getItem(OFF) === "1";

  const press = (element) => {
    if (element.matches("details")) {
      element.open = !element.open;
      if (element.open) element.querySelector("textarea, select, input")?.focus();
      return reveal(element);
    }
    // a submit that only this was missing for goes on with it
    const goesOn = element.name && element.name === element.form?.dataset.missing;
    element.click();
    if (goesOn) return element.form.querySelector("[data-submit]").click();
    const target = element.dataset.focus;
    if (target && element.checked) document.querySelector(target)?.focus();
    else reveal(element);
  };

  // on a narrow page, what a key chose may be further down
  const reveal = (element) => element.closest("label, details")?.scrollIntoView({ block: "nearest" });

  const find = (key) => document.querySelector(`:is(.wb, #held) [data-key="${CSS.escape(action(key.toUpperCase()))}"]:not(.cover[open])`);

  const onKey = (event) => {
    const waiting = document.querySelector(".remap[aria-pressed=true]");
    if (waiting) return learn(event, waiting);
    if (event.key === "Escape") return wake();
    if (event.ctrlKey && event.key === "Enter") return submit(event);
    if (isTyping() || event.altKey || event.metaKey || event.repeat) return;
    if (event.ctrlKey) return event.key.toLowerCase() === "z" && undo(event);
    if (isOff()) return;
    if (event.key === "?") return document.getElementById("help")?.togglePopover();
    const element = event.key.length === 1 && find(event.key);
    if (!element || element.matches(":disabled")) return;
    event.preventDefault();
    press(element);
  };

  const learn = (event, button) => {
    event.preventDefault();
    button.setAttribute("aria-pressed", "false");
    if (/^[\p{L}\p{N}]$/u.test(event.key)) remap(button.dataset.remap, event.key.toUpperCase());
    draw(button.closest(".wb"));
  };

  const wake = () => {
    if (isTyping()) return document.activeElement.blur();
    for (const open of document.querySelectorAll(".wb details[open].aside, .me[open]")) open.open = false;
  };

  // in an open pane (escalate, return, snooze) the same keys send that pane
  const submit = (event) => {
    const pane = document.querySelector(".wb .aside[open] button, .wb [data-submit]");
    if (!pane) return;
    event.preventDefault();
    pane.click();
  };

  const undo = (event) => {
    const button = document.querySelector("#undo button");
    if (!button) return;
    event.preventDefault();
    button.click();
  };

  // a click on Edit leads to the text; walking through the radios with arrows does not
  const onClick = (event) => {
    const target = event.detail > 0 && event.target.dataset?.focus;
    if (target && event.target.checked) document.querySelector(target)?.focus();
  };

  const draw = (wb) => {
    wb.classList.toggle("keys-off", isOff());
    const box = wb.querySelector("#keys-on");
    if (box) box.checked = !isOff();
    for (const key of document.querySelectorAll("kbd.l, .remap kbd")) {
      key.dataset.letter ??= key.textContent;
      key.textContent = cap(key.dataset.letter);
    }
  };

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const sleep = () => wb.classList.toggle("asleep", isTyping());
    draw(wb);
    sleep();
    document.addEventListener("keydown", onKey, { signal });
    document.addEventListener("focusin", sleep, { signal });
    document.addEventListener("focusout", () => setTimeout(sleep), { signal });
    wb.addEventListener("click", onClick, { signal });
    wb.querySelector("#help")?.addEventListener("click", (event) => {
      event.target.closest(".remap")?.setAttribute("aria-pressed", "true");
      if (!event.target.closest("[data-keys-reset]")) return;
      localStorage.removeItem(MAP);
      draw(wb);
    }, { signal });
    wb.querySelector("#keys-on")?.addEventListener("change", (event) => {
      localStorage.setItem(OFF, event.target.checked ? "0" : "1");
      draw(wb);
    }, { signal });
  });
})();
