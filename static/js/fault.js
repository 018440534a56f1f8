// An approved answer has no fault: severity, reasons, cause and follow-up rest while Approve is chosen.
(() => {
  "use strict";
  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const form = wb.querySelector("form#decision");
    const rest = () => {
      const approved = form.elements.decision.value === "approve";
      for (const part of form.querySelectorAll("fieldset.fault")) part.disabled = approved;
    };
    form?.addEventListener("change", rest, { signal });
    if (form) rest();
  });
})();
