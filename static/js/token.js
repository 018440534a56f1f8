// The CSRF token changes when somebody signs in again in another tab: every send takes the present one.
(() => {
  "use strict";
  const present = () => {
    const name = document.documentElement.dataset.csrfCookie;
    return document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  };
  const renew = () => {
    const token = present();
    if (token) for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  };
  document.addEventListener("submit", renew, { capture: true });
  document.addEventListener("rq:send", renew);
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const token = present();
    if (token && detail.parameters.csrfmiddlewaretoken) detail.parameters.csrfmiddlewaretoken = token;
  });
})();
