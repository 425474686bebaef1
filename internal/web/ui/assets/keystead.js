// Improves pages that work without it. Nothing here is needed to do anything.
(() => {
  "use strict";
  const all = (s, root = document) => [...root.querySelectorAll(s)];
  const on = (type, f) => document.addEventListener(type, f);

  // Spoken to screen readers when something happened without a new page.
  const voice = document.createElement("div");
  voice.className = "sr";
  voice.setAttribute("role", "status");
  document.body.append(voice);
  const say = (text) => { voice.textContent = ""; requestAnimationFrame(() => { voice.textContent = text; }); };

  async function copy(button) {
    const label = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without HTTPS there is no clipboard: select the text, so that the keyboard can copy it.
      const shown = button.previousElementSibling;
      if (shown) getSelection().selectAllChildren(shown);
      return;
    }
    say("Copied");
    button.classList.add("copied");
    const before = label && label.textContent;
    if (label) label.textContent = "Copied";
    setTimeout(() => {
      button.classList.remove("copied");
      if (label) label.textContent = before;
    }, 1600);
  }

  // A dialog in a closed menu would stay invisible.
  all("dialog").forEach((d) => document.body.append(d));
  all("[data-dialog]").forEach((a) => {
    a.setAttribute("role", "button");
    a.setAttribute("aria-haspopup", "dialog");
  });

  on("click", (e) => {
    const t = e.target.closest ? e.target : e.target.parentElement;
    const c = t.closest("[data-copy]");
    if (c) { e.preventDefault(); copy(c); return; }

    const opener = t.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && dialog.showModal && !e.metaKey && !e.ctrlKey) {
      e.preventDefault();
      opener.closest("details[data-menu]")?.removeAttribute("open");
      dialog.showModal();
      return;
    }
    if (t.closest("[data-close]")) t.closest("dialog").close();
    if (t.matches("dialog")) t.close(); // its backdrop

    const x = t.closest("[data-dismiss]");
    if (x) x.closest("[data-flash]").remove();

    all("details[data-menu][open]").forEach((d) => { if (!d.contains(t)) d.open = false; });
  });

  on("keydown", (e) => {
    if (e.key === " " && e.target.matches("a[data-dialog]")) { e.preventDefault(); e.target.click(); }
    if (e.key === "Escape") {
      all("details[data-menu][open]").forEach((d) => { d.open = false; d.querySelector("summary").focus(); });
      const nav = document.getElementById("nav-open");
      if (nav && nav.checked) { nav.checked = false; nav.focus(); }
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea, [contenteditable], dialog")) return;
    const box = document.querySelector(`[data-hotkey="${CSS.escape(e.key)}"]`);
    if (box) { e.preventDefault(); box.focus(); box.select(); }
  });

  // A filter is applied when it is chosen.
  on("change", (e) => {
    if (e.target.matches("form[data-auto] select")) e.target.form.requestSubmit();
    if (e.target.matches("[data-pick-all]")) {
      all("[data-pick]", e.target.closest("table")).forEach((p) => { p.checked = e.target.checked; });
    }
    if (e.target.matches("[data-pick], [data-pick-all]")) {
      const box = e.target.closest(".table-box");
      const picks = all("[data-pick]", box);
      const n = picks.filter((p) => p.checked).length;
      box.querySelector("[data-bulk-count]").textContent = n + " chosen";
      const whole = box.querySelector("[data-pick-all]");
      whole.checked = n === picks.length;
      whole.indeterminate = n > 0 && n < picks.length;
    }
  });

  // The scheme changes in place; the cookie is set by the same request as without script.
  on("submit", (e) => {
    if (!e.target.matches("[data-themes]") || !e.submitter) return;
    e.preventDefault();
    const theme = e.submitter.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    all("[data-themes] button").forEach((b) => b.setAttribute("aria-pressed", String(b.value === theme)));
    const body = new URLSearchParams(new FormData(e.target));
    body.set("theme", theme);
    fetch(e.target.action, { method: "POST", body, redirect: "manual" });
  });

  // A second click on a slow button must not send the form twice.
  on("submit", (e) => {
    if (e.target.method !== "post" || e.target.matches("[data-themes]")) return;
    if (e.target.dataset.sent) { e.preventDefault(); return; }
    e.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((f) => delete f.dataset.sent));

  const wrong = document.querySelector("[data-errors]");
  if (wrong) wrong.focus();

  // The numbers of a chart beside the pointer, instead of the browser's slow tooltip.
  let tip;
  on("pointermove", (e) => {
    const pt = e.target.closest && e.target.closest(".c-pt");
    if (!pt) { if (tip) { tip.remove(); tip = null; } return; }
    const title = pt.querySelector("title");
    if (title) { pt.dataset.tip = title.textContent; title.remove(); }
    const root = pt.ownerSVGElement.querySelector(":scope > title");
    if (root) root.remove(); // its text is the aria-label too
    if (!tip) { tip = document.createElement("div"); tip.className = "tip"; document.body.append(tip); }
    tip.textContent = pt.dataset.tip;
    const w = tip.offsetWidth, left = e.clientX + 14;
    tip.style.left = (left + w > innerWidth - 8 ? e.clientX - w - 14 : left) + "px";
    tip.style.top = Math.max(8, e.clientY - tip.offsetHeight - 10) + "px";
  });
})();
