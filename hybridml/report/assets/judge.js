"use strict";
// Where the user says what a label should be: in the card, and all of it listed under Corrections.

HYBRIDML.judge = (() => {
  const { data, state, corrections } = HYBRIDML;
  const { el, byId, download, plural, words } = HYBRIDML.dom;
  const LISTED = 20; // faults of a file that are named
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
      "aria-describedby": "judge-says",
      oninput: () => tell(""),
    });
    const typed = el(
      "form",
      { class: "typed", onsubmit: save },
      el("label", { for: "right-value" }, "Right value ", el("kbd", {}, "c")),
      value,
      el("datalist", { id: "right-values" }),
      el("button", { type: "submit" }, "Save"),
    );
    const says = el("p", { id: "judge-says", role: "status" });
    const back = el("button", { type: "button", class: "quiet", onclick: undo }, "Undo ", el("kbd", {}, "u"));
    parts = { value, says, back, choices: [choice("label_wrong", "1"), choice("not_in_photo", "2")] };
    return el(
      "section",
      { class: "judge", "aria-label": "Correct the label" },
      ...parts.choices,
      typed,
      back,
      says,
    );
  }

  /** Shows what was said of a row. */
  function show(shown) {
    row = shown;
    parts.value.placeholder = `2.5 ${(data.units[row.entity] || [])[0] || "gram"}`;
    suggest([]);
    tell("");
    refresh();
  }

  /** Offers values while typing: those read from the photo. */
  function suggest(values) {
    const options = [...new Set(values)].filter(Boolean).map((value) => el("option", { value }));
    byId("right-values").replaceChildren(...options);
  }

  function refresh() {
    if (!row) return;
    const said = corrections.of(row.id);
    for (const button of parts.choices)
      button.setAttribute("aria-pressed", String(said?.correction === button.dataset.kind));
    parts.value.value = said?.value || "";
    parts.value.setAttribute("aria-invalid", "false");
    parts.back.disabled = !corrections.undoable();
  }

  function tell(text, wrong = false) {
    parts.says.textContent = text;
    parts.says.classList.toggle("wrong", wrong);
    parts.value.setAttribute("aria-invalid", String(wrong));
  }

  /** Says this of a row, or takes it back where it was said already. */
  function toggle(id, kind) {
    if (corrections.of(id)?.correction === kind) corrections.remove(id);
    else corrections.mark(id, kind);
    const said = corrections.of(id);
    announce(said ? `Marked: ${corrections.KINDS[said.correction]}.` : "Mark taken back.");
  }

  /** Takes a text as the right value of the row shown. */
  function take(text) {
    const typed = parts.value.value;
    const wrong = corrections.mark(row.id, "value", text);
    if (wrong) {
      parts.value.value = typed === text ? typed : text;
      tell(capital(wrong) + ".", true);
      parts.value.focus();
    } else announce(`Right value: ${corrections.of(row.id).value}.`);
    return !wrong;
  }

  function save(event) {
    event.preventDefault();
    if (!parts.value.value.trim()) {
      corrections.remove(row.id);
      announce("Mark taken back.");
    } else if (take(parts.value.value)) parts.value.blur();
  }

  const undo = () => announce(corrections.undo() ? "Undone." : "There is nothing to undo.");
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  function announce(text) {
    if (byId("card").open) tell(text);
    else HYBRIDML.say(text);
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
        "What you say of labels is kept in this browser until you export it. The file goes into ",
        el("code", {}, "hybridml train --corrections corrections.csv"),
        ".",
      ),
      corrections.kept()
        ? ""
        : el(
            "p",
            { class: "warning" },
            "This browser gives the page no storage: export before you close it, or your corrections are lost.",
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
      el("div", { id: "import-says", role: "status" }),
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
    const line = ([id, said]) => {
      const { index, entity, photo, truth } = data.row(id);
      return el(
        "tr",
        {},
        el("td", {}, el("a", { href: state.link({ card: String(id) }) }, index)),
        el("td", {}, words(entity)),
        el("td", { class: "long" }, photo),
        el("td", {}, truth || "none"),
        el("td", {}, corrections.KINDS[said.correction]),
        el("td", {}, said.value),
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
    let says;
    let faults = [];
    try {
      const read = corrections.read(await file.text());
      faults = read.faults;
      const left = faults.length ? `; ${plural(faults.length, "line")} left out:` : ".";
      says = `${plural(read.taken, "correction")} taken from ${name}${left}`;
    } catch (error) {
      says = `${name} was not taken: ${error.message}.`;
    }
    list();
    const lines = faults.slice(0, LISTED).map((fault) => el("li", {}, fault));
    byId("import-says").replaceChildren(el("p", {}, says), el("ul", {}, ...lines));
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
