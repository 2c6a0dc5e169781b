// The review page: ties claims to their sentences, the keyboard to the buttons, and keeps what was typed.
// Everything here has another way by plain links and forms.
(() => {
  document.querySelector("[data-print]")?.removeAttribute("hidden");
  document.querySelector("[data-print]")?.addEventListener("click", () => print());

  const review = document.getElementById("review");
  if (!review) return;
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const wide = matchMedia("(min-width: 64rem) and (min-height: 34rem)");
  const source = byId("source");
  const claims = () => all(".claim[data-claim]", review);
  const ITEM = ".claim[data-claim], .fact[data-fact]";
  // What the keyboard moves through: claims, and the left-out facts that are not folded away.
  const items = () => all(ITEM, review).filter((item) => !item.closest("details:not([open]):not(.claim-quotes)"));
  const numbers = (claim) => (claim.dataset.evidence ?? "").split(", ").filter(Boolean);
  const sentence = (number) => byId(`s${number}`);
  const announce = (words) => { byId("announcer").textContent = words; };

  let claimId = null; // the chosen claim or fact
  let acted = null; // the claim a request was made from
  let chosen = []; // numbers of the chosen sentences
  const current = () => (claimId ? byId(claimId) : null);

  // Which pane is seen where there is room for one only.
  const places = { claims: 0, source: 0 };
  const showPane = (name) => {
    if (review.dataset.pane === name) return;
    places[review.dataset.pane] = window.scrollY;
    review.dataset.pane = name;
    for (const link of all(".pane-switch a")) {
      if (link.hash === `#${name}-pane`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (!wide.matches) window.scrollTo(0, places[name]);
  };
  const bringUp = (element, pane) => {
    if (element && (wide.matches || review.dataset.pane === pane)) element.scrollIntoView({ block: "nearest" });
  };

  // Marks in the source: what is cited, what is doubted, what is chosen. Counted anew after every change.
  const marks = ["is-cited", "is-doubted", "is-doubted-gravely", "is-evidence", "is-chosen", "is-left-out"];
  const mark = () => {
    const cited = new Map();
    for (const claim of claims()) {
      for (const number of numbers(claim)) {
        const found = cited.get(number) ?? { count: 0, tone: "" };
        found.count += 1;
        if ("undecided" in claim.dataset && claim.dataset.tone !== "plain" && found.tone !== "critical") {
          found.tone = claim.dataset.tone === "note" ? found.tone : claim.dataset.tone;
        }
        cited.set(number, found);
      }
    }
    const missing = new Set(all(".fact[data-undecided][data-tone=critical]", review).flatMap(numbers));
    const evidence = current() ? numbers(current()) : [];
    for (const element of all(".sentence", source)) {
      const number = element.dataset.number;
      const found = cited.get(number);
      const has = [found, found?.tone === "warning", found?.tone === "critical",
        evidence.includes(number), chosen.includes(number), missing.has(number)];
      marks.forEach((name, place) => element.classList.toggle(name, Boolean(has[place])));
      const doubt = found?.tone ? `, doubted: ${found.tone}` : "";
      const count = found ? `, ${found.count} claim${found.count > 1 ? "s" : ""}` : "";
      const link = element.querySelector(".sentence-number");
      link.setAttribute("aria-label", `Sentence ${number}${count}${doubt}${missing.has(number) ? ", states a critical fact that is left out" : ""}`);
      if (chosen.includes(number)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    for (const claim of all(ITEM, review)) {
      const isChosen = claim.id === claimId;
      claim.classList.toggle("is-chosen", isChosen);
      claim.classList.toggle("is-linked", numbers(claim).some((number) => chosen.includes(number)));
      if (isChosen) claim.setAttribute("aria-current", "true");
      else claim.removeAttribute("aria-current");
    }
  };

  const chooseClaim = (claim, { focus = false } = {}) => {
    if (!claim) return;
    const isNew = claim.id !== claimId;
    claimId = claim.id;
    if (isNew) {
      chosen = [];
      showChosen();
      mark();
      bringUp(sentence(numbers(claim)[0]), "source");
    }
    if (focus) {
      showPane("claims");
      claim.focus({ preventScroll: true });
      bringUp(claim, "claims");
    }
    const quotes = claim.querySelector("[data-quotes]");
    if (quotes && isNew && !wide.matches) quotes.open = true;
  };

  const showChosen = () => {
    byId("chosen").hidden = chosen.length === 0;
    if (chosen.length === 0) return;
    const names = chosen.map((number) => `S${number}`).join(", ");
    const count = claims().filter((claim) => numbers(claim).some((number) => chosen.includes(number))).length;
    byId("chosen-words").textContent = `${names}: ${count || "no"} claim${count > 1 ? "s" : ""}`;
    const add = byId("add-from");
    if (add) add.textContent = `Add claim from ${names}`;
  };

  const chooseSentence = (number, { extend = false, focus = false } = {}) => {
    const others = chosen.filter((one) => one !== number);
    const isOff = others.length < chosen.length && (extend || others.length === 0);
    chosen = isOff ? others : [...(extend ? others : []), number].sort((a, b) => a - b);
    claimId = null;
    mark();
    showChosen();
    const linked = items().find((item) => item.classList.contains("is-linked"));
    bringUp(linked, "claims");
    places.claims = linked && !wide.matches ? null : places.claims;
    if (focus && linked && !extend) chooseLinked(linked);
  };
  // By keyboard a sentence leads to its claim, as a claim's number leads to its sentence.
  const chooseLinked = (linked) => {
    const kept = chosen;
    linked.focus({ preventScroll: true });
    chosen = kept;
    mark();
    showChosen();
  };
  const toSentence = (number, { focus = false } = {}) => {
    const element = sentence(number);
    if (!element) return;
    showPane("source");
    bringUp(element, "source");
    if (focus) element.querySelector(".sentence-number").focus({ preventScroll: true });
  };

  const step = (by) => {
    const list = items();
    const place = list.indexOf(current());
    const next = place < 0 ? (by > 0 ? 0 : list.length - 1) : place + by;
    chooseClaim(list[Math.max(0, Math.min(list.length - 1, next))], { focus: true });
  };
  const nextUndecided = () => {
    const list = items();
    const after = list.indexOf(current()) + 1;
    const open = [...list.slice(after), ...list.slice(0, after)].filter((claim) => "undecided" in claim.dataset);
    const next = ["critical", "warning"].map((tone) => open.find((claim) => claim.dataset.tone === tone))
      .find(Boolean) ?? open[0];
    if (next) chooseClaim(next, { focus: true });
    else announce("Every claim and every critical left-out fact has a decision.");
  };
  const act = (name) => {
    const button = current()?.querySelector(`[data-act="${name}"]`);
    if (!button) return;
    const reason = button.form?.elements.reason;
    if (!button.formNoValidate && reason?.required && !reason.value.trim()) reason.focus();
    else if (name === "edit") openForm(button.closest("details"));
    else button.click();
  };
  const openForm = (details) => {
    details.open = true;
    const text = details.querySelector("textarea");
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  };
  // The left-out facts that are not critical stand folded: a key unfolds them and leads there, or folds them again.
  const foldLeftOut = () => {
    const fold = byId("ledger-others");
    if (!fold) return announce("No other fact is left out.");
    fold.open = !fold.open;
    const summary = fold.querySelector("summary");
    showPane("claims");
    summary.focus({ preventScroll: true });
    bringUp(summary, "claims");
    announce(fold.open ? "Left-out facts unfolded." : "Left-out facts folded.");
  };
  const addClaim = () => {
    const details = byId("add-form");
    if (!details) return;
    if (chosen.length) details.querySelector("[data-evidence-field]").value = chosen.join(", ");
    showPane("claims");
    openForm(details);
  };

  // Single letters, unless they are switched off or somebody is typing.
  const lettersOn = byId("shortcuts-on");
  const stored = () => { try { return localStorage.getItem("shortcuts"); } catch { return null; } };
  lettersOn.checked = stored() !== "off";
  lettersOn.addEventListener("change", () => {
    try { localStorage.setItem("shortcuts", lettersOn.checked ? "on" : "off"); } catch { /* for this page only */ }
  });
  const letters = {
    j: () => step(1), k: () => step(-1), n: nextUndecided, a: () => act("accept"), e: () => act("edit"),
    r: () => act("reject"), u: () => act("undo"), c: addClaim, s: () => byId("sign-link")?.click(),
    y: () => byId("symptoms-switch")?.click(), l: () => foldLeftOut(),
    "?": () => byId("help-dialog").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") return leave(event.target);
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
    if (document.querySelector("dialog[open]")) return;
    const isOnClaim = event.target.matches(".claim");
    if (isOnClaim && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (lettersOn.checked && Object.hasOwn(letters, event.key)) {
      event.preventDefault();
      letters[event.key]();
    }
  });
  const leave = (target) => {
    const details = target.closest(".claim-edit, .add-claim");
    const claim = target.closest(".claim");
    if (details?.open) {
      details.open = false;
      (claim ?? details.querySelector("summary")).focus();
    } else if (target.matches("input") && claim) claim.focus();
    else if (!document.querySelector("dialog[open]")) clear();
  };
  const clear = () => { chosen = []; claimId = null; mark(); showChosen(); };

  // A press chooses when it is over: what is chosen may grow, and the button must not move from under the pointer.
  let isPressing = false;
  review.addEventListener("pointerdown", () => { isPressing = true; });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { isPressing = false; });
  review.addEventListener("focusin", (event) => {
    if (!isPressing) chooseClaim(event.target.closest(ITEM));
  });
  review.addEventListener("click", (event) => {
    const isByKey = event.detail === 0;
    const chip = event.target.closest("[data-sentence]");
    const cancel = event.target.closest("[data-cancel]");
    const tab = event.target.closest(".pane-switch a");
    if (chip) {
      event.preventDefault();
      chooseClaim(chip.closest(".claim"));
      toSentence(chip.dataset.sentence, { focus: isByKey });
    } else if (tab) {
      event.preventDefault();
      showPane(tab.hash === "#source-pane" ? "source" : "claims");
      if (places.claims === null && review.dataset.pane === "claims") bringUp(review.querySelector(".is-linked"), "claims");
    } else if (cancel) leave(cancel);
    else if (event.target.closest("#add-from")) addClaim();
    else if (event.target.closest("#unchoose")) clear();
    else if (source.contains(event.target)) clickSource(event, isByKey);
    else if (event.target.closest("[data-claim-link]")) {
      event.preventDefault();
      chooseClaim(byId(event.target.closest("[data-claim-link]").hash.slice(1)), { focus: true });
    } else chooseClaim(event.target.closest(ITEM));
  });
  const clickSource = (event, isByKey) => {
    const element = event.target.closest(".sentence");
    if (event.target.closest("a")) event.preventDefault();
    const isSelecting = !isByKey && !getSelection().isCollapsed && !event.shiftKey;
    if (!element || isSelecting) return;
    if (event.shiftKey) getSelection().removeAllRanges();
    chooseSentence(element.dataset.number, {
      extend: event.shiftKey || event.ctrlKey || event.metaKey, focus: isByKey,
    });
  };

  // Links above the panes lead to a sentence that may stand in the pane that is not seen.
  byId("suspicions")?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link) toSentence(link.hash.slice(2), { focus: true });
  });

  // What a save brings back.
  document.addEventListener("htmx:beforeRequest", (event) => {
    acted = (event.target.closest?.(".claim") ?? event.target.closest?.("#ledger-others")?.querySelector("summary"))?.id ?? null;
  });
  // A save writes the facts anew: what was unfolded stays so, and what was acted on stays under the hand.
  let unfolded = [];
  let stood = null;
  document.addEventListener("htmx:beforeSwap", () => {
    unfolded = all("details[open][id]", byId("ledger") ?? review).map((details) => details.id);
    stood = acted && byId(acted)?.getBoundingClientRect().top;
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) byId(id)?.setAttribute("open", "");
    const now = acted && byId(acted)?.getBoundingClientRect().top;
    if (stood && now) (wide.matches ? byId("claims-pane") : window).scrollBy({ top: now - stood, behavior: "instant" });
    stood = null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    const version = byId("review-state")?.dataset.version;
    for (const input of all("input[name=version]")) input.value = version ?? input.value;
    mark();
    showChosen();
    if (target.id === "sign-body") return showSign();
    if (target.matches(".claim-message, .claim-notice")) {
      return (target.querySelector("input") ?? target.querySelector("[data-refusal]"))?.focus();
    }
    if (target.id === "added-claims") return chooseClaim(target.lastElementChild, { focus: true });
    if (event.detail.pathInfo?.requestPath.includes("?keep=")) return backTo(event.detail.pathInfo.requestPath);
    if (acted && document.activeElement === document.body) byId(acted)?.focus({ preventScroll: true });
    if (acted) announce(`${outcome(byId(acted))}. ${byId("review-state")?.textContent ?? ""}`.replace(/\s+/g, " "));
  });
  const outcome = (item) => {
    if (item?.matches("summary")) return item.textContent.trim();
    return item?.querySelector(".decision-verb")?.textContent.trim().replace(/:$/, "") ?? "Undecided again";
  };
  // The claims were fetched anew around the form that a person was typing in.
  const backTo = (path) => {
    const kept = path.split("?keep=")[1];
    const target = kept.slice(kept.indexOf("-") + 1);
    const claim = byId(`c-${target}`) ?? byId(`f-${target}`);
    const field = byId(kept)?.querySelector("textarea") ?? byId(kept.replace(/^(act|add|out)-/, "reason-"));
    chooseClaim(claim);
    (field ?? claim)?.focus();
    (claim ?? field)?.scrollIntoView({ block: "nearest" });
  };
  // Text that was typed and not saved would be signed away unseen.
  const isTyped = (field) => field.matches("textarea, input:not([type=hidden])") && field.value !== field.defaultValue;
  const showSign = () => {
    const dialog = byId("sign-dialog");
    if (all("form", review).some((form) => [...form.elements].some(isTyped))) {
      byId("sign-body").querySelector(".dialog-footer")?.remove();
      byId("sign-body").querySelector(".dialog-body")?.prepend(byId("not-saved-yet").content.cloneNode(true));
    }
    if (!dialog.open) dialog.showModal();
  };
  byId("sign-dialog")?.addEventListener("click", (event) => {
    const link = event.target.closest("[data-leave]");
    if (!link) return;
    event.preventDefault();
    byId("sign-dialog").close();
    const named = link.hash ? byId(link.hash.slice(1)) : null;
    named?.closest("details")?.setAttribute("open", "");
    if (named) chooseClaim(named, { focus: true });
  });

  // A save that did not arrive: say so beside the form, and leave the form alone.
  const notSent = (form, why) => {
    const slot = form.closest(".claim")?.querySelector(".claim-notice") ?? byId("notice-form");
    const words = byId("not-sent").content.cloneNode(true);
    words.querySelector("[data-why]").textContent = why;
    slot?.replaceChildren(words);
  };
  window.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const form = requestConfig?.elt;
    if (!form?.matches("form")) return;
    const isWholePage = /^\s*<!doctype/i.test(xhr.responseText);
    if (isWholePage) {
      event.stopImmediatePropagation();
      event.detail.shouldSwap = false;
      notSent(form, "Your log-in has ended. Copy what you typed, then load this page again.");
    } else if (xhr.status >= 400 && !xhr.getResponseHeader("HX-Retarget")) {
      event.detail.target = form.closest(".claim")?.querySelector(".claim-notice") ?? byId("notice-form");
      event.detail.swapOverride = "innerHTML";
    }
  }, true);
  for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(kind, (event) => {
      const form = event.detail.requestConfig?.elt;
      const isOurs = form?.matches("form") && !(event.detail.xhr.status >= 400 && event.detail.xhr.status < 500);
      if (isOurs) notSent(form, "The server did not answer. Try again in a moment.");
    });
  }

  byId("copy-form")?.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!navigator.clipboard) return; // without it the text comes as a page
    event.preventDefault();
    const button = form.querySelector("button");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { Accept: "text/plain" },
      });
      if (!answer.ok || answer.redirected) throw new Error("refused");
      await navigator.clipboard.writeText(await answer.text());
      announce("Copied, with its draft state, flags and sources.");
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 3000);
    } catch {
      form.submit();
    }
  });

  review.dataset.pane = location.hash.startsWith("#s") ? "source" : "claims";
  byId("help-button")?.removeAttribute("hidden");
  document.documentElement.classList.add("has-review-script");
  mark();
  const named = byId(location.hash.slice(1));
  if (named?.matches(".claim")) {
    named.closest("details")?.setAttribute("open", "");
    chooseClaim(named, { focus: true });
  } else if (named?.matches(".sentence")) chooseSentence(named.dataset.number);
  (document.querySelector("[data-refusal]") ?? null)?.focus();
})();
