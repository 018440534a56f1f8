// Submitting without a new page: what is missing is said in its place before anything is sent,
// and a server that cannot be reached costs nothing.
(() => {
  "use strict";

  const missing = (wb, form) => {
    const data = new FormData(form);
    const decision = data.get("decision");
    if (!decision) return "decision";
    if (decision === "edit" && (!data.get("correction") || unchanged(wb, data))) return "correction";
    if (decision !== "approve" && !decision.startsWith("prefer:") && !data.get("severity")) return "severity";
    if (decision === "reject" && data.get("severity") === "none") return "severity_reject";
    return "";
  };

  const unchanged = (wb, data) => {
    const answer = wb.querySelector("#ai-answer")?.content.textContent.replace(/^\n/, "");
    return answer !== undefined && (data.get("correction") ?? "").replaceAll("\r\n", "\n").trim() === answer.trim();
  };

  const point = (wb, name) => {
    const form = wb.querySelector("form#decision");
    // its letter then goes on with the submit (keys.js), but for what cannot be undone
    if (form) form.dataset.missing = name === "severity" && !wb.querySelector("#gate") ? name : "";
    for (const words of wb.querySelectorAll("[data-error]")) words.hidden = words.dataset.error !== name;
    if (name) wb.querySelector(`[name="${name.split("_")[0]}"]`)?.focus();
  };

  const note = (wb, id) => {
    const words = wb?.querySelector(`#${id}`);
    if (words) wb.querySelector("#turn-notes").replaceChildren(words.content.cloneNode(true));
  };

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const form = wb.querySelector("form#decision");
    form?.addEventListener("htmx:confirm", (event) => {
      if (event.detail.elt !== form) return;
      const name = missing(wb, form);
      point(wb, name);
      if (name) event.preventDefault();
    }, { signal });
    wb.addEventListener("input", () => point(wb, ""), { signal });
    // the first thing wrong after an answer of the server, else the turn itself
    const wrong = wb.querySelector("[data-error]:not([hidden])")?.dataset.error;
    const asked = wb.querySelector("[aria-invalid]");
    if (wrong) point(wb, wrong);
    else if (asked) asked.focus();
    else if (document.activeElement === document.body) wb.focus({ preventScroll: true });
  });

  // of details with one name only one may be open: the old page's would close the new one's while both are there
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.shouldSwap) for (const one of detail.target.querySelectorAll("details[name][open]")) one.open = false;
  });
  document.addEventListener("htmx:sendError", ({ detail }) => note(detail.elt.closest(".wb"), "note-unreached"));
  document.addEventListener("htmx:responseError", ({ detail }) => {
    const away = [401, 403].includes(detail.xhr.status);
    note(detail.elt.closest(".wb"), away ? "note-signed-out" : "note-unreached");
  });
})();
