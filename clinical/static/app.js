// What every page needs beyond htmx: menus that close, a log-in that has run out, a form that a poll must spare.
(() => {
  const menus = () => document.querySelectorAll("details[data-menu][open]");
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // A button that opens a <dialog>: <button data-dialog="its-id">. Without script the page has another way.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog")?.close();
  });

  // A poll that was answered by the log-in page: show that page whole, never inside this one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = document.body.dataset.loginUrl;
    const answered = event.detail.xhr.responseURL;
    if (login && answered && new URL(answered).pathname === login) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // Whoever chooses the kind of another draft is not led away when the one that was awaited has begun.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#redraft-form");
    if (form) form.dataset.touched = "yes";
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "progress") return;
    if (document.querySelector("#redraft details[open], #redraft-form[data-touched]")) {
      event.detail.parameters.choosing = "1";
    }
  });

  // Forms that must not be sent twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });
})();
