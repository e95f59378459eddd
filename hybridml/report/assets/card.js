"use strict";
// The card of a row: its photo, its answer and the reasons, what else was read, and the form that corrects its label.

HYBRIDML.card = (() => {
  const { data, state, filter, grid, correctionForm } = HYBRIDML;
  const { el, byId, number, confidenceText, words } = HYBRIDML.dom;
  let parts = null;
  let shown = null;

  /** Builds the dialog; call once. */
  function build() {
    const dialog = byId("card");
    const button = (text, label, act) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    parts = {
      title: el("h2", { id: "card-title" }),
      place: el("span", { class: "note" }),
      viewer: HYBRIDML.photo.viewer(),
      verdict: el("div", { class: "answer" }),
      facts: el("div", { class: "facts" }),
      side: el("div", { class: "side", tabindex: "0" }),
    };
    parts.side.append(parts.verdict, correctionForm.form(), parts.facts);
    dialog.append(
      el(
        "header",
        {},
        parts.title,
        parts.place,
        button("←", "Previous row (k)", () => step(-1)),
        button("→", "Next row (j)", () => step(1)),
        button("✕", "Close (Esc)", close),
      ),
      el("div", { class: "body" }, parts.viewer.element, parts.side),
    );
    dialog.addEventListener("cancel", (event) => (event.preventDefault(), close()));
  }

  /** Shows the card that the state names, or none. */
  function show({ card: asked }) {
    const dialog = byId("card");
    const row = asked === "" ? null : data.row(Number(asked));
    if (!row) {
      if (dialog.open) dialog.close();
      if (asked !== "") HYBRIDML.notify(`There is no row ${asked} in this report.`);
      shown = null;
      return;
    }
    if (!dialog.open) {
      dialog.showModal();
      parts.side.focus();
    }
    if (shown === row.id) return;
    shown = row.id;
    grid.choose(row.id);
    parts.side.scrollTop = 0;
    const position = grid.position(row.id);
    parts.title.textContent = `${words(row.entity)} · ${row.index}`;
    parts.place.textContent =
      position === undefined
        ? "not among the rows that the filters show"
        : `${number(position + 1)} of ${number(grid.length())}`;
    parts.verdict.replaceChildren(...answer(row));
    parts.facts.replaceChildren(el("p", { class: "note" }, "loading …"));
    correctionForm.show(row);
    fill(row);
  }

  async function fill(row) {
    try {
      const card = await data.card(row.id);
      if (shown !== row.id) return; // another card is shown by now
      parts.viewer.show(card, row);
      correctionForm.suggest([row.prediction, ...card.candidates.map((found) => found.text)]);
      parts.facts.replaceChildren(...facts(card));
    } catch (error) {
      if (shown !== row.id) return;
      parts.viewer.show({ width: 4, height: 3, lines: [], candidates: [], groups: [] }, row);
      parts.facts.replaceChildren(el("p", { class: "warning" }, error.message));
    }
  }

  function answer(row) {
    const outcome = filter.OUTCOMES[row.outcome];
    const known = row.outcome !== "unlabelled";
    return [
      el("p", { class: "big" }, row.prediction || "no answer"),
      el(
        "p",
        { class: `verdict ${row.outcome.replace(" ", "-")}` },
        `${outcome.mark} ${outcome.words}`,
        row.cause && el("span", { class: "cause" }, ` — ${row.cause}`),
      ),
      data.causes[row.cause] ? el("p", { class: "note" }, data.causes[row.cause]) : "",
      el(
        "dl",
        {},
        ...pair("Label", known ? row.truth || "none: the value is not in the photo" : ""),
        ...pair(
          "Confidence",
          row.confidence !== null &&
            el("span", { class: "sure" }, grid.bar(row.confidence), confidenceText(row.confidence)),
        ),
        ...pair("Group", row.group),
        ...pair("Photo", row.photo),
        ...pair("Other run", row.change && `${row.other || "blank"} (${row.change})`),
        ...pair("Suspect", row.suspect > 0 && row.suspect_why),
      ),
      row.trained
        ? el(
            "p",
            { class: "warning" },
            "The model was trained on this photo or its group: that it is right says little.",
          )
        : "",
      row.problem ? el("p", { class: "warning" }, row.problem) : "",
    ];
  }

  const pair = (name, value) => (value ? [el("dt", {}, name), el("dd", {}, value)] : []);

  function facts(card) {
    const chosen = card.candidates.find((found) => found.chosen);
    const best = chosen || card.candidates[0];
    return [
      chosen ? section("Why this answer", reasons(chosen.reasons)) : "",
      !chosen && best?.reasons.length ? section(`What counted for ${best.text}`, reasons(best.reasons)) : "",
      card.runner_ups.length
        ? section(
            "Runners-up",
            el(
              "ol",
              { class: "plain" },
              ...card.runner_ups.map((found) => pointing(el("li", {}, found.text, sure(found)), found.box)),
            ),
          )
        : "",
      section(
        `Candidates (${card.candidates.length})`,
        card.candidates.length
          ? el("ol", { class: "plain" }, ...card.candidates.map(candidate))
          : el("p", { class: "note" }, "Nothing that was read on this photo could be the answer."),
      ),
      card.groups.length
        ? section("All quantities on the photo, by group", ...card.groups.map(group))
        : "",
      el(
        "details",
        {},
        el("summary", {}, `Text read (${card.lines.length} lines)`),
        el(
          "ol",
          { class: "plain" },
          ...card.lines.map((line) =>
            pointing(
              el(
                "li",
                {},
                line.text,
                el("small", {}, `${confidenceText(line.confidence)}${line.second_pass ? " · second pass" : ""}`),
              ),
              around(line.polygon),
            ),
          ),
        ),
      ),
    ];
  }

  const section = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);
  const sure = (found) => el("small", {}, confidenceText(found.confidence));

  function candidate(found) {
    const kind = HYBRIDML.photo.kindOf(found);
    const named = [found.chosen && "answer", found.right && "✓ right"].filter(Boolean).join(", ");
    const line = el(
      "li",
      { class: kind },
      el("span", { class: "key" }),
      el("b", {}, found.text),
      sure(found),
      named && el("span", { class: "named" }, named),
      !found.right &&
        el(
          "button",
          {
            type: "button",
            class: "quiet",
            title: "This is the right value",
            "aria-label": `${found.text} is the right value`,
            onclick: () => correctionForm.take(found.text),
          },
          "use as label",
        ),
    );
    if (!found.chosen && found.reasons.length)
      line.append(el("details", {}, el("summary", {}, "what counted"), reasons(found.reasons)));
    return pointing(line, found.box);
  }

  function reasons(given) {
    if (!given.length) return el("p", { class: "note" }, "No reasons are stored for it.");
    const most = Math.max(...given.map((reason) => Math.abs(reason.contribution)), 1e-9);
    return el(
      "ul",
      { class: "reasons" },
      ...given.map(({ words: reason, contribution }) => {
        const bar = el("span", { class: contribution < 0 ? "against" : "for" });
        bar.style.width = `${(Math.abs(contribution) / most) * 50}%`;
        const signed = `${contribution < 0 ? "−" : "+"}${Math.abs(contribution).toFixed(2)}`;
        return el(
          "li",
          {},
          el("span", {}, reason),
          el("span", { class: "signed" }, signed),
          el("span", { class: "scale", "aria-hidden": "true" }, bar),
        );
      }),
    );
  }

  function group({ box, items }, place) {
    const line = (item) =>
      pointing(el("li", {}, `${words(item.entity)}: `, el("b", {}, item.text), sure(item)), item.box || box);
    return el(
      "div",
      { class: "group-list" },
      pointing(el("h4", {}, `Group ${place + 1}`), box),
      el("ul", { class: "plain" }, ...items.map(line)),
    );
  }

  // Pointing at a line of the list points at its place on the photo.
  function pointing(element, box) {
    if (!box) return element;
    element.addEventListener("pointerenter", () => parts.viewer.point(box));
    element.addEventListener("pointerleave", () => parts.viewer.point(null));
    return element;
  }

  function around(polygon) {
    const [xs, ys] = [polygon.map((p) => p[0]), polygon.map((p) => p[1])];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  /** Goes that many rows on among those that the filters show. */
  function step(steps) {
    const next = grid.beside(shown, steps);
    if (next !== null) state.set({ card: String(next) });
  }

  function close() {
    state.set({ card: "" });
    grid.focus();
  }

  const zoom = (factor) => (factor ? parts.viewer.zoom(factor) : parts.viewer.whole());
  return { build, show, step, zoom, close, shown: () => shown };
})();
