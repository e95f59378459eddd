"use strict";
// The form with the filters, each with the number of rows that it would show.

HYBRIDML.facets = (() => {
  const { data, state, filter } = HYBRIDML;
  const { el, byId, number, words } = HYBRIDML.dom;
  const MAX_GROUPS = 500; // groups offered while typing
  const CHANGES = ["better", "worse", "flipped"];
  const lists = {}; // column -> {value -> {box, count}}

  /** Builds the form; call once when the rows are there. */
  function build() {
    const known = (name) => [...new Set(data.columns[name])].filter((value) => value !== "");
    const outcomes = Object.keys(filter.OUTCOMES).filter((name) => data.columns.outcome.includes(name));
    byId("facets").replaceChildren(
      choices(
        "outcome",
        "Outcome",
        outcomes,
        (v) => `${filter.OUTCOMES[v].mark} ${filter.OUTCOMES[v].words}`,
      ),
      data.compared ? choices("change", "Change", CHANGES, words) : "",
      choices("entity", "Entity", known("entity").sort(), words),
      known("cause").length ? choices("cause", "Cause", known("cause").sort(), words, data.causes) : "",
      range(),
      group(known("group")),
      options("trained", "Trained on", { "": "all rows", no: "not trained on", yes: "trained on" }),
      options("marked", "Corrections", { "": "all rows", no: "not marked", yes: "marked" }),
      el("button", { type: "button", class: "quiet", onclick: reset }, "Clear filters"),
    );
    byId("facets").addEventListener("submit", (event) => event.preventDefault());
  }

  const reset = () => state.set(state.none());

  function choices(name, title, values, wordsOf, meanings = {}) {
    lists[name] = {};
    const lines = values.map((value) => {
      const box = el("input", {
        type: "checkbox",
        name,
        "data-value": value,
        onchange: () => toggle(name, value),
      });
      const count = el("span", { class: "count" });
      lists[name][value] = { box, count };
      return el("label", { title: meanings[value] }, box, el("span", {}, wordsOf(value)), count);
    });
    return el("fieldset", { "data-facet": name }, el("legend", {}, title), ...lines);
  }

  function toggle(name, value) {
    const chosen = state.get()[name];
    state.set({ [name]: chosen.includes(value) ? chosen.filter((v) => v !== value) : [...chosen, value] });
  }

  function range() {
    const end = (name, label) =>
      el(
        "label",
        {},
        label,
        el("input", {
          type: "number",
          id: `facet-${name}`,
          min: 0,
          max: 1,
          step: 0.05,
          oninput: (event) => event.target.validity.badInput || state.set({ [name]: event.target.value }),
        }),
      );
    return el(
      "fieldset",
      { class: "range" },
      el("legend", {}, "Confidence"),
      end("min", "from "),
      end("max", "to "),
    );
  }

  function group(groups) {
    const listed = groups.slice(0, MAX_GROUPS).map((value) => el("option", { value }));
    return el(
      "fieldset",
      {},
      el("legend", {}, el("label", { for: "facet-group" }, "Group")),
      el("input", {
        id: "facet-group",
        list: "groups",
        placeholder: "any",
        oninput: (e) => state.set({ group: e.target.value }),
      }),
      el("datalist", { id: "groups" }, ...listed),
    );
  }

  function options(name, title, values) {
    const given = Object.entries(values).map(([value, text]) => el("option", { value }, text));
    return el(
      "fieldset",
      {},
      el("legend", {}, el("label", { for: `facet-${name}` }, title)),
      el(
        "select",
        { id: `facet-${name}`, onchange: (event) => state.set({ [name]: event.target.value }) },
        ...given,
      ),
    );
  }

  /** Shows the state in the form, and the counts beside the choices. */
  function show(current) {
    for (const [name, values] of Object.entries(lists)) {
      const counts = filter.counts(current, name);
      for (const [value, { box, count }] of Object.entries(values)) {
        box.checked = current[name].includes(value);
        count.textContent = number(counts.get(value) || 0);
        count.parentElement.classList.toggle("empty", !counts.has(value));
      }
    }
    for (const name of ["min", "max", "group", "trained", "marked"]) {
      const input = byId(`facet-${name}`);
      if (input !== document.activeElement || !input.validity.valid) input.value = current[name];
    }
  }

  return { build, show, reset };
})();
