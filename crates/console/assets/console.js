// What makes the pages live. Without it they all work; nothing here knows a rule.
"use strict";
(() => {
  const palette = document.getElementById("palette");
  const opener = document.getElementById("open-palette");
  // A palette that has been closed keeps the focus for a moment; nobody types there.
  const typing = (at) => at.closest("input, textarea, select, [contenteditable]") && !palette?.contains(at);

  if (palette && opener) {
    const box = palette.querySelector("input");
    const items = [...palette.querySelectorAll("li")];
    const shown = () => items.filter((item) => !item.hidden);
    let chosen = 0;
    const mark = () => shown().forEach((item, at) => item.classList.toggle("at", at === chosen));
    const filter = () => {
      const words = box.value.toLowerCase().split(/\s+/);
      for (const item of items) {
        item.classList.remove("at");
        item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
      }
      chosen = 0;
      mark();
    };
    const open = () => { box.value = ""; filter(); palette.showModal(); box.focus(); };
    opener.hidden = false;
    opener.addEventListener("click", open);
    box.addEventListener("input", filter);
    box.addEventListener("keydown", (event) => {
      const all = shown();
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : all.length - 1;
        all.forEach((item) => item.classList.remove("at"));
        chosen = all.length ? (chosen + step) % all.length : 0;
        mark();
        all[chosen]?.scrollIntoView({ block: "nearest" });
      } else if (event.key === "Enter") {
        event.preventDefault();
        all[chosen]?.querySelector("a").click();
      }
    });
    // Beside it, or on what was looked for, which may be on this page.
    palette.addEventListener("click", (event) => { if (event.target === palette || event.target.closest("a")) palette.close(); });
    document.addEventListener("keydown", (event) => {
      const asked = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing(event.target));
      if (asked && !palette.open) { event.preventDefault(); open(); }
    });
  }

  const copying = (root) => {
    for (const button of root.querySelectorAll("button.copy")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.onclick = async () => {
        await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      };
    }
  };
  copying(document);

  // A form is sent once; its key makes a second one harmless, but nobody should have to know that.
  document.addEventListener("submit", (event) => {
    setTimeout(() => event.target.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; }));
  });
  // Back from the next page by the browser's own memory.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("button:disabled").forEach((button) => { button.disabled = false; });
  });

  // A page that is loaded anew because it has moved on keeps what somebody was typing.
  const KEPT = 10_000;
  const name = (path) => `typed ${path}`;
  const fields = () => [...document.querySelectorAll("main input[id], main textarea[id]")].filter((one) => !["token", "typed"].includes(one.name));
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const place = event.detail.xhr.getResponseHeader("HX-Redirect");
    const typed = fields().filter((one) => one.value !== one.defaultValue).map((one) => [one.id, one.value]);
    if (place && typed.length) sessionStorage.setItem(name(new URL(place, location).pathname), JSON.stringify({ at: Date.now(), typed }));
  });
  const kept = JSON.parse(sessionStorage.getItem(name(location.pathname)) ?? "null");
  sessionStorage.removeItem(name(location.pathname));
  for (const [id, value] of kept && Date.now() - kept.at < KEPT ? kept.typed : []) {
    const field = document.getElementById(id);
    if (field && field.value === field.defaultValue) field.value = value;
  }

  // What is the same is not put in again: focus, selection and open parts stay.
  const last = {};
  document.addEventListener("htmx:beforeSwap", (event) => {
    const text = event.detail.xhr.responseText;
    if (event.detail.xhr.status === 200 && text === last[event.detail.target.id]) event.detail.shouldSwap = false;
    last[event.detail.target.id] = text;
  });
  // What is put in anew has the place where one is with the keyboard, and open what was open.
  const places = (root) => [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  const opened = (root) => [...root.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
  let before = { at: -1, open: [] };
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    before = { at: places(target).indexOf(document.activeElement), open: opened(target) };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const piece = document.getElementById(event.detail.target.id);
    if (!piece) return;
    for (const one of piece.querySelectorAll("summary")) if (before.open.includes(one.textContent)) one.parentElement.open = true;
    places(piece)[before.at]?.focus({ preventScroll: true });
  });

  // What is shown may have gone on without us: then it says since when it is not of now.
  const stale = document.createElement("p");
  stale.className = "notice warn";
  stale.setAttribute("role", "status");
  const lost = (event) => {
    if (stale.isConnected) return;
    const why = event.detail?.xhr?.status === 429 ? "more is asked at once than this tenant may ask" : "the system does not answer";
    stale.textContent = `Not up to date since ${new Date().toLocaleTimeString()}: ${why}. It is asked again and again.`;
    document.getElementById("live")?.before(stale);
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:responseError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status < 400) stale.remove(); });

  // Somebody who doesn't look needs no news; who comes back gets them with the next tick.
  document.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  document.addEventListener("htmx:afterSwap", (event) => copying(event.detail.elt ?? document));
})();
