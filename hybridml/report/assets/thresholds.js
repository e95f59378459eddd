"use strict";
// The threshold chooser: from which confidence on answers are published without a check, per entity, and the result.

HYBRIDML.thresholds = (() => {
  const { csv, data, state } = HYBRIDML;
  const { el, byId, download, number, percent, words } = HYBRIDML.dom;
  const ALL = "all";
  const ONE_SIDED_90 = 1.2816;
  const TWO_SIDED_95 = 1.96;
  let answers = {}; // entity -> {rows, given: [{confidence, right}], surest first}
  const lines = {}; // entity -> the elements of its line

  // Rows trained on say nothing about others: they count only where there are no others.
  function measured() {
    const { outcome, trained } = data.columns;
    const labelled = data.columns.id.filter((id) => outcome[id] !== "unlabelled");
    const fresh = labelled.filter((id) => !trained[id]);
    if (!labelled.length) return { ids: data.columns.id, labelled: false, trained: false };
    return { ids: fresh.length ? fresh : labelled, labelled: true, trained: !fresh.length };
  }

  function collect(ids) {
    const { entity, prediction, confidence, outcome } = data.columns;
    answers = {};
    for (const id of ids) {
      if (!data.units[entity[id]]) continue; // no such entity: predict takes no threshold for it
      const own = (answers[entity[id]] ??= { rows: 0, given: [] });
      own.rows += 1;
      if (prediction[id]) own.given.push({ confidence: confidence[id], right: outcome[id] === "right" });
    }
    for (const own of Object.values(answers)) own.given.sort((a, b) => b.confidence - a.confidence);
  }

  /** What an entity's threshold would have published: {rows, published, right}. "never" publishes nothing. */
  function outcomeAt(entity, threshold) {
    const { rows, given } = answers[entity];
    const kept = threshold === "never" ? [] : given.filter((answer) => answer.confidence >= threshold);
    return { rows, published: kept.length, right: kept.filter((answer) => answer.right).length };
  }

  /** Wilson's interval of a share. */
  function interval(right, count, z) {
    const share = right / count;
    const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count);
    const half =
      (z / (1 + (z * z) / count)) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  }

  /** The lowest threshold whose precision is at least this with 90 % certainty; "never" where there is none. */
  function forPrecision(entity, precision) {
    const { given } = answers[entity];
    let [right, found] = [0, "never"];
    given.forEach((answer, place) => {
      right += answer.right;
      const last = given[place + 1]?.confidence !== answer.confidence;
      if (last && interval(right, place + 1, ONE_SIDED_90)[0] >= precision) found = answer.confidence;
    });
    return found;
  }

  const entities = () => Object.keys(answers).sort();
  const read = (current) => Object.fromEntries(current.at.map((pair) => pair.split(":")));

  /** The threshold of an entity in a state: a number or "never". */
  function of(current, entity) {
    const given = read(current)[entity];
    return given === "never" ? given : Math.min(1, Math.max(0, Number(given) || 0));
  }

  function set(changes) {
    const merged = { ...read(state.get()), ...changes };
    state.set({
      at: Object.entries(merged)
        .filter(([, value]) => String(value) !== "0")
        .map((pair) => pair.join(":")),
    });
  }

  const setAll = (valueOf) => set(Object.fromEntries(entities().map((entity) => [entity, valueOf(entity)])));
  const change = (entity, value) => (entity === ALL ? setAll(() => value) : set({ [entity]: value }));

  /** Builds the chooser; call once when the rows are there. */
  function build() {
    const { ids, labelled, trained } = measured();
    collect(ids);
    const place =
      byId("threshold-chooser") || byId("overview").appendChild(el("div", { id: "threshold-chooser" }));
    const wanted = el("input", { type: "number", id: "wanted", min: 0.5, max: 1, step: 0.01, value: 0.9 });
    const heads = [
      "Entity",
      "Publish",
      "From confidence",
      "Published",
      ...(labelled ? ["Right", "95 % interval"] : []),
    ];
    place.replaceChildren(
      el("h3", {}, "Choose thresholds"),
      el(
        "p",
        {},
        "Answers at least this sure are published, the others are left to a person. The file is for ",
        el("code", {}, "hybridml predict --thresholds thresholds.csv"),
        ".",
      ),
      trained
        ? el(
            "p",
            { class: "warning" },
            "The model was trained on all these rows: on others the share that is right will be lower.",
          )
        : "",
      labelled && !trained
        ? el(
            "p",
            { class: "note" },
            `Counted on ${number(ids.length)} labelled rows that the model was not trained on.`,
          )
        : "",
      labelled ? "" : el("p", { class: "note" }, "Without labels it is not known how many are right."),
      el(
        "div",
        { class: "bar" },
        labelled && el("label", {}, "Precision of at least ", wanted),
        labelled &&
          el(
            "button",
            {
              type: "button",
              id: "reach",
              onclick: () =>
                wanted.checkValidity() && setAll((entity) => forPrecision(entity, Number(wanted.value))),
            },
            "Find thresholds",
          ),
        el("button", { type: "button", id: "export-thresholds", onclick: save }, "Export thresholds.csv"),
        el("button", { type: "button", class: "quiet", onclick: () => setAll(() => 0) }, "Publish all"),
      ),
      labelled
        ? el(
            "p",
            { class: "note" },
            "Thresholds found hold with 90 % certainty on these rows; where too few answers are right that often, nothing is published.",
          )
        : "",
      el(
        "div",
        { class: "wide" },
        el(
          "table",
          { class: "thresholds" },
          el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
          el("tbody", {}, ...[ALL, ...entities()].map((entity) => line(entity, labelled))),
        ),
      ),
    );
  }

  function line(entity, labelled) {
    const name = entity === ALL ? "all entities" : words(entity);
    const given = (event) => event.target.value !== "" && change(entity, Number(event.target.value));
    const own = {
      publish: el("input", {
        type: "checkbox",
        "aria-label": `publish ${name}`,
        onchange: (event) => change(entity, event.target.checked ? 0 : "never"),
      }),
      slider: el("input", {
        type: "range",
        min: 0,
        max: 1,
        step: 0.005,
        "aria-label": `threshold of ${name}`,
        oninput: given,
      }),
      typed: el("input", {
        type: "number",
        min: 0,
        max: 1,
        step: "any",
        "aria-label": `threshold of ${name} as a number`,
        onchange: given,
      }),
      published: el("td", { class: "n" }),
      right: el("td", { class: "n" }),
      interval: el("td", { class: "n" }),
    };
    lines[entity] = own;
    return el(
      "tr",
      { "data-entity": entity },
      el("th", { scope: "row" }, name),
      el("td", {}, own.publish),
      el("td", {}, el("span", { class: "choose" }, own.slider, own.typed)),
      own.published,
      labelled && own.right,
      labelled && own.interval,
    );
  }

  /** Shows the thresholds of a state and what they give. */
  function show(current) {
    const sum = { rows: 0, published: 0, right: 0 };
    for (const entity of entities()) {
      const found = outcomeAt(entity, of(current, entity));
      for (const name of Object.keys(sum)) sum[name] += found[name];
      fill(lines[entity], of(current, entity), found);
    }
    const values = new Set(entities().map((entity) => of(current, entity)));
    fill(lines[ALL], values.size === 1 ? [...values][0] : null, sum);
  }

  // null: the entities differ
  function fill(own, threshold, { rows, published, right }) {
    own.publish.checked = threshold !== "never";
    own.publish.indeterminate = threshold === null;
    own.slider.disabled = own.typed.disabled = threshold === "never";
    if (own.slider !== document.activeElement)
      own.slider.value = threshold === null ? 0 : threshold === "never" ? 1 : threshold;
    own.typed.value = typeof threshold === "number" ? Number(threshold.toFixed(4)) : "";
    own.typed.placeholder = threshold === null ? "differ" : "";
    own.published.textContent = `${percent(rows ? published / rows : 0)} (${number(published)} of ${number(rows)})`;
    own.right.textContent = published ? percent(right / published) : "—";
    own.interval.textContent = published
      ? interval(right, published, TWO_SIDED_95)
          .map((share) => (share * 100).toFixed(0))
          .join(" to ") + " %"
      : "—";
  }

  const write = (current) =>
    csv.write([
      ["entity_name", "min_confidence"],
      ...entities().map((entity) => [entity, of(current, entity)]),
    ]);
  const save = () => download("thresholds.csv", write(state.get()));

  return { build, show, interval };
})();
