// What was typed is never lost: at once to this browser, every few seconds to the server.
// A lost turn, a closed tab, an expired session and an unreachable server all give the text back.
(() => {
  "use strict";
  const PREFIX = "reviewqueue.draft.";
  const QUIET = 1500; // after the last key
  const LONGEST = 5000; // while someone types on and on
  const KEPT_FOR = 14 * 24 * 3600 * 1000;

  const key = (wb) => `${PREFIX}${wb.dataset.person}.${wb.dataset.item}`;

  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  };

  const write = (wb, fields) => {
    try {
      localStorage.setItem(key(wb), JSON.stringify({ fields, at: Date.now() }));
    } catch {
      // a full or forbidden store: the server's copy remains
    }
  };

  const forgetOld = () => {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && Date.now() - (read(name)?.at ?? 0) > KEPT_FOR) localStorage.removeItem(name);
    }
  };

  const fieldsOf = (form) => {
    const all = [...new FormData(form)].filter(([name]) => !["csrfmiddlewaretoken", "fence", "assignment"].includes(name));
    return all.map(([name, value]) => [name, String(value)]);
  };

  const fill = (form, fields) => {
    const values = (name) => fields.filter(([one]) => one === name).map(([, value]) => value);
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit") continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = values(field.name).includes(field.value);
      else if (values(field.name).length) field.value = values(field.name)[0];
    }
    form.querySelector("textarea")?.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("correction")?.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const note = (wb, id) => {
    const place = wb.querySelector("#turn-notes");
    const words = wb.querySelector(`#${id}`);
    if (place && words) place.replaceChildren(words.content.cloneNode(true));
  };

  const state = (wb, name, time) => {
    const place = wb.querySelector("#draft-state .words");
    const words = wb.querySelector("#draft-words");
    if (place && words) place.textContent = words.dataset[name].replace("{time}", time ?? "");
  };

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const form = wb.querySelector("form#decision");
    if (!form) return;
    let timer = 0;
    let queue = Promise.resolve();
    let firstChange = 0;
    let over = false;
    let leaving = false; // a submit is under way: its answer says what became of the turn
    let changedHere = false; // until something is typed, a beat is a sign of life alone

    // one at a time, so that an older text never arrives after a newer one
    const send = () => (queue = queue.then(sendNow));
    const sendNow = async () => {
      clearTimeout(timer);
      firstChange = 0;
      if (over || leaving || signal.aborted) return;
      document.dispatchEvent(new CustomEvent("rq:send"));
      const body = new FormData(form);
      if (!changedHere) body.set("beat", "1");
      const response = await fetch(wb.dataset.draftUrl, { method: "POST", body, redirect: "manual" }).catch(() => null);
      if (!signal.aborted && !leaving) await heard(response);
    };

    const heard = async (response) => {
      if (!response || response.status >= 500) return state(wb, "here");
      if (response.status === 409) {
        over = true;
        state(wb, "over");
        note(wb, "note-over");
        const { why } = await response.json().catch(() => ({}));
        if (why) wb.querySelector("#turn-notes [data-why]").textContent = why;
        return wb.dispatchEvent(new CustomEvent("rq:over"));
      }
      if (!response.ok) {
        state(wb, "here");
        return note(wb, "note-signed-out");
      }
      const { saved_at: time, expires_in: left } = await response.json();
      if (time) state(wb, "saved", time);
      wb.querySelector("#turn-notes .warn")?.remove();
      wb.dispatchEvent(new CustomEvent("rq:renewed", { detail: left }));
    };

    const changed = (event) => {
      if (event.target.form !== form || !event.target.name) return;
      changedHere = true;
      write(wb, fieldsOf(form));
      state(wb, "saving");
      firstChange ||= Date.now();
      clearTimeout(timer);
      timer = setTimeout(send, Math.min(QUIET, Math.max(0, firstChange + LONGEST - Date.now())));
    };

    const giveBack = () => {
      const kept = read(key(wb));
      const savedAt = Number(wb.dataset.savedAt || 0) * 1000;
      if (!kept || kept.at <= savedAt + 1000 || JSON.stringify(kept.fields) === JSON.stringify(fieldsOf(form))) return;
      const fromServer = fieldsOf(form);
      fill(form, kept.fields);
      note(wb, "note-given-back");
      wb.querySelector("[data-forget]")?.addEventListener("click", () => {
        fill(form, fromServer);
        localStorage.removeItem(key(wb));
        wb.querySelector("#turn-notes").replaceChildren();
      }, { signal });
      send();
    };

    wb.addEventListener("input", changed, { signal });
    wb.addEventListener("change", changed, { signal });
    wb.addEventListener("rq:beat", send, { signal });
    wb.addEventListener("htmx:beforeRequest", () => (leaving = true), { signal });
    wb.addEventListener("htmx:afterRequest", () => (leaving = false), { signal });
    signal.addEventListener("abort", () => clearTimeout(timer));
    // the tab is closed or put away: the last words go along
    document.addEventListener("visibilitychange", () => document.hidden && firstChange && send(), { signal });
    forgetOld();
    giveBack();
  });

  // the server took it: the browser's copy has done its work
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const wb = detail.target?.closest(".wb");
    if (wb && detail.xhr.status === 200) localStorage.removeItem(key(wb));
  });

  // signing out on purpose leaves nothing behind for the next person at this browser
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sign-out]")) return;
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
  });
})();
