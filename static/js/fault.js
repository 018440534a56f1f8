// An approved answer and a preferred candidate have no fault: severity, reasons, cause and follow-up rest.
(() => {
  "use strict";
  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const form = wb.querySelector("form#decision");
    const rest = () => {
      const decision = new FormData(form).get("decision") ?? "";
      const sound = decision === "approve" || decision.startsWith("prefer:");
      for (const part of form.querySelectorAll("fieldset.fault")) part.disabled = sound;
    };
    // the radios of candidates stand outside of the form that they belong to
    wb.addEventListener("change", () => form && rest(), { signal });
    if (form) rest();
  });
})();
