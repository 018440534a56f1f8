// On duty: the page says every two seconds that it is open, and a held answer that waits is seen and heard.
(() => {
  "use strict";
  let title = "";

  const sound = () => {
    const Context = window.AudioContext;
    if (!Context) return;
    const audio = new Context();
    for (const [at, pitch] of [[0, 660], [0.18, 880]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.15, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.16);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.17);
    }
    setTimeout(() => audio.close(), 1000);
  };

  const calm = () => {
    if (title && !document.querySelector("#held [name=known]")) {
      if (document.title.startsWith("● ")) document.title = title;
      title = "";
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const beat = document.getElementById("beat");
    if (!beat) return;
    const tick = () => beat.dispatchEvent(new Event("rq:tick"));
    try {
      new Worker(beat.dataset.ticker).onmessage = tick;
    } catch {
      setInterval(tick, 2000);
    }
    beat.addEventListener("rq:held", () => {
      title ||= document.title;
      document.title = `● ${beat.dataset.words} · ${title}`;
      sound();
    });
    document.addEventListener("htmx:afterSettle", calm);
    // the banner's button takes along what stands in the form of the present turn, so that nothing typed is lost
    document.addEventListener("submit", (event) => {
      const decision = document.querySelector("form#decision");
      if (!event.target.matches("[data-take-held]") || !decision) return;
      for (const [name, value] of new FormData(decision)) {
        if (name === "csrfmiddlewaretoken") continue;
        const field = document.createElement("input");
        [field.type, field.name, field.value] = ["hidden", name, value];
        event.target.append(field);
      }
    });
    // a page that is closed says so; another one of the same person goes on within seconds
    window.addEventListener("pagehide", () => {
      const said = new FormData(beat);
      said.set("leaving", "1");
      navigator.sendBeacon(beat.getAttribute("hx-post"), said);
    });
  });
})();
