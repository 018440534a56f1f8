// Tells the sign-in form which time zone this browser is in, so that times are shown in the person's own.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector("input[name=time_zone]");
    if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  });
})();
