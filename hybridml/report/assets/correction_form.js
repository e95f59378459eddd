"use strict";
// The form in the card that corrects its label, and the list under Corrections.

HYBRIDML.correctionForm = (() => {
  const { data, state, corrections } = HYBRIDML;
  const { el, byId, download, plural, words } = HYBRIDML.dom;
  const MAX_FAULTS = 20; // faults of a file that are named
  let row = null;
  let parts = null;

  /** The form for the card; made once. */
  function form() {
    const choice = (kind, key) =>
      el(
        "button",
        { type: "button", "data-kind": kind, "aria-pressed": "false", onclick: () => toggle(row.id, kind) },
        capital(corrections.KINDS[kind]),
        " ",
        el("kbd", {}, key),
      );
    const value = el("input", {
      id: "right-value",
      spellcheck: "false",
      autocomplete: "off",
      list: "right-values",
      "aria-describedby": "correction-status",
      oninput: () => showStatus(""),
    });
    const typed = el(
      "form",
      { class: "typed", onsubmit: save },
      el("label", { for: "right-value" }, "Right value ", el("kbd", {}, "c")),
      value,
      el("datalist", { id: "right-values" }),
      el("button", { type: "submit" }, "Save"),
    );
    const status = el("p", { id: "correction-status", role: "status" });
    const back = el("button", { type: "button", class: "quiet", onclick: undo }, "Undo ", el("kbd", {}, "u"));
    parts = { value, status, back, choices: [choice("label_wrong", "1"), choice("not_in_photo", "2")] };
    return el(
      "section",
      { class: "correction-form", "aria-label": "Correct the label" },
      ...parts.choices,
      typed,
      back,
      status,
    );
  }

  /** Shows the correction of a row. */
  function show(shown) {
    row = shown;
    parts.value.placeholder = `2.5 ${(data.units[row.entity] || [])[0] || "gram"}`;
    suggest([]);
    showStatus("");
    refresh();
  }

  /** Offers values while typing: those read from the photo. */
  function suggest(values) {
    const options = [...new Set(values)].filter(Boolean).map((value) => el("option", { value }));
    byId("right-values").replaceChildren(...options);
  }

  function refresh() {
    if (!row) return;
    const given = corrections.of(row.id);
    for (const button of parts.choices)
      button.setAttribute("aria-pressed", String(given?.correction === button.dataset.kind));
    parts.value.value = given?.value || "";
    parts.value.setAttribute("aria-invalid", "false");
    parts.back.disabled = !corrections.undoable();
  }

  function showStatus(text, wrong = false) {
    parts.status.textContent = text;
    parts.status.classList.toggle("wrong", wrong);
    parts.value.setAttribute("aria-invalid", String(wrong));
  }

  /** Corrects a row's label, or takes the correction back where it is the same. */
  function toggle(id, kind) {
    if (corrections.of(id)?.correction === kind) corrections.remove(id);
    else corrections.mark(id, kind);
    const given = corrections.of(id);
    announce(given ? `Marked: ${corrections.KINDS[given.correction]}.` : "Correction taken back.");
  }

  /** Takes a text as the right value of the row shown. */
  function take(text) {
    const wrong = corrections.mark(row.id, "value", text);
    if (wrong) {
      parts.value.value = text;
      showStatus(capital(wrong) + ".", true);
      parts.value.focus();
    } else announce(`Right value: ${corrections.of(row.id).value}.`);
    return !wrong;
  }

  function save(event) {
    event.preventDefault();
    if (!parts.value.value.trim()) {
      corrections.remove(row.id);
      announce("Correction taken back.");
    } else if (take(parts.value.value)) parts.value.blur();
  }

  const undo = () => announce(corrections.undo() ? "Undone." : "There is nothing to undo.");
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  function announce(text) {
    if (byId("card").open) showStatus(text);
    else HYBRIDML.notify(text);
  }

  /** Fills the tab Corrections. */
  function list() {
    const all = corrections.all();
    const file = el("input", { type: "file", id: "import", accept: ".csv,text/csv", onchange: takeFile });
    byId("corrections").replaceChildren(
      el("h2", {}, "Corrections"),
      el(
        "p",
        {},
        "Corrections are kept in this browser until you export them. The file is for ",
        el("code", {}, "hybridml train --corrections corrections.csv"),
        ".",
      ),
      corrections.stored()
        ? ""
        : el(
            "p",
            { class: "warning" },
            "This browser gives the page no storage: export before you close the page, or your corrections are lost.",
          ),
      el(
        "div",
        { class: "bar" },
        el(
          "button",
          { type: "button", id: "export", disabled: !all.length, onclick: saveFile },
          "Export CSV",
        ),
        el("label", { class: "button", for: "import" }, "Import CSV", file),
        el(
          "button",
          { type: "button", class: "quiet", disabled: !corrections.undoable(), onclick: undo },
          "Undo",
        ),
        el(
          "button",
          { type: "button", class: "quiet", disabled: !all.length, onclick: () => corrections.clear() },
          "Remove all",
        ),
      ),
      el("div", { id: "import-status", role: "status" }),
      all.length
        ? table(all)
        : el(
            "p",
            { class: "note" },
            "None yet. Open a card and press 1 (label wrong), 2 (value not in photo), or c and type the right value.",
          ),
    );
  }

  function table(all) {
    const line = ([id, given]) => {
      const { index, entity, photo, truth } = data.row(id);
      return el(
        "tr",
        {},
        el("td", {}, el("a", { href: state.link({ card: String(id) }) }, index)),
        el("td", {}, words(entity)),
        el("td", { class: "long" }, photo),
        el("td", {}, truth || "none"),
        el("td", {}, corrections.KINDS[given.correction]),
        el("td", {}, given.value),
        el(
          "td",
          {},
          el(
            "button",
            {
              type: "button",
              class: "quiet",
              "aria-label": `Remove the correction of ${index}`,
              onclick: () => corrections.remove(id),
            },
            "Remove",
          ),
        ),
      );
    };
    const heads = ["Index", "Entity", "Photo", "Label", "Correction", "Right value"].map((name) =>
      el("th", { scope: "col" }, name),
    );
    heads.push(el("td"));
    return el(
      "div",
      { class: "wide" },
      el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...all.map(line))),
    );
  }

  const saveFile = () => download("corrections.csv", corrections.write());

  async function takeFile(event) {
    const [file] = event.target.files;
    if (!file) return;
    const name = file.name;
    let message;
    let faults = [];
    try {
      const read = corrections.read(await file.text());
      faults = read.faults;
      const left = faults.length ? `; ${plural(faults.length, "line")} left out:` : ".";
      message = `${plural(read.taken, "correction")} taken from ${name}${left}`;
    } catch (error) {
      message = `${name} was not taken: ${error.message}.`;
    }
    list();
    const lines = faults.slice(0, MAX_FAULTS).map((fault) => el("li", {}, fault));
    byId("import-status").replaceChildren(el("p", {}, message), el("ul", {}, ...lines));
  }

  return {
    form,
    show,
    suggest,
    refresh,
    toggle,
    take,
    undo,
    list,
    edit: () => (parts.value.focus(), parts.value.select()),
  };
})();
